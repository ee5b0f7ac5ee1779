"""`footfall doctor`: what is wrong with a deployment, and what to do about it."""

from typing import Any

import click

from footfall.cli.endpoint import check_endpoint, origin_of
from footfall.cli.options import open_store, store_options
from footfall.cli.output import note, say_cells
from footfall.visits.checkup import Finding, check_store

FAILED = 1


@click.command(short_help="Say what is wrong with a store, or with a deployment.")
@click.option(
    "--url",
    metavar="URL",
    help="An address that counts, to be asked as a page would ask it.",
)
@store_options
def doctor(url: str | None, **settings: Any) -> int:
    """Check the store, and an endpoint if one is given; nothing is changed.

    Each line says what was looked at. The exit status is 1 if anything is wrong.

    \b
    Examples:
      footfall doctor --store dynamodb:
      footfall doctor --store dynamodb: --url https://abc.execute-api.example.com
    """
    store = open_store(settings, create=False)
    findings = [_shown(finding) for finding in check_store(store)]
    if url is not None:
        sites = (
            finding.subject.removeprefix("site ")
            for finding in findings
            if finding.subject.startswith("site ")
        )
        origins = dict.fromkeys(filter(None, map(origin_of, sites)))
        findings += map(_shown, check_endpoint(url, list(origins)))
    wrong = sum(finding.problem is not None for finding in findings)
    if wrong:
        note(f"footfall: {wrong} of {len(findings)} checks failed")
        return FAILED
    note(f"all {len(findings)} checks passed")
    return 0


def _shown(finding: Finding) -> Finding:
    """The finding, once it was said: a check can take a while."""
    if finding.problem is None:
        say_cells(("ok", finding.subject))
    else:
        say_cells(("wrong", finding.subject, finding.problem))
    return finding
