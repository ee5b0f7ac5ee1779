"""Deploys Footfall to AWS with one command, and adds the sites.

    make deploy-aws ARGS="--site https://example.com --email me@example.com"

It needs `sam`, AWS's own deployment tool, and boto3's usual credentials and region; it
says which of them is missing. Run again, it changes what has changed.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import boto3

from footfall.counters.port import Store
from footfall.counters.tables import Tables
from footfall.errors import AlreadyExistsError, FootfallError
from footfall.visits.site import default_aliases, normalize_site_url
from footfall.visits.sites import add_site

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "build" / "aws" / "footfall.zip"
TEMPLATE = ROOT / "deploy" / "aws" / "template.yaml"


def main(arguments: Sequence[str] | None = None) -> None:
    """Deploy, add the sites, and print what to paste.

    Raises:
        SystemExit: Something is missing or failed; the message says what to do.
    """
    options = _options(arguments)
    try:
        origins = origins_of(options.site)
    except FootfallError as error:
        raise SystemExit(f"deploy-aws: {error}") from error
    require_tools()
    if subprocess.run(sam_command(options, origins), check=False).returncode:
        raise SystemExit("deploy-aws: sam failed, and said why; nothing else was done")
    store = Store(boto3.client("dynamodb"), Tables(options.table_prefix))
    for site in options.site:
        with suppress(AlreadyExistsError):
            add_site(store, site)
    stacks = boto3.client("cloudformation").describe_stacks(StackName=options.stack)
    for output in stacks["Stacks"][0].get("Outputs", []):
        print(f"{output['OutputKey']}: {output['OutputValue']}")
    print("Check it: footfall doctor --store dynamodb: --url URL")


def require_tools() -> None:
    """See that there is all that a deployment needs.

    Raises:
        SystemExit: There is not; the message says what to do.
    """
    if not PACKAGE.exists():
        raise SystemExit("deploy-aws: there is no package yet; run `make package-aws`")
    if shutil.which("sam") is None:
        raise SystemExit(
            "deploy-aws: the package is built, but `sam` is not installed, which"
            " deploys it; run `pip install aws-sam-cli`, then this again"
        )
    session = boto3.Session()
    if session.get_credentials() is None or session.region_name is None:
        raise SystemExit(
            "deploy-aws: boto3 finds no AWS credentials or no region; run `aws"
            " configure`, or set AWS_PROFILE and AWS_DEFAULT_REGION, then this again"
        )


def origins_of(sites: Sequence[str]) -> list[str]:
    """The origins whose pages may count: the sites', with and without www.

    Raises:
        InvalidInputError: An address is no site's.
    """
    origins: dict[str, None] = {}
    for site in sites:
        address = normalize_site_url(site)
        parts = urlsplit(address)
        own = f"{parts.scheme}://{parts.netloc}"
        origins |= dict.fromkeys([own, *default_aliases(address)])
    return list(origins)


def sam_command(options: argparse.Namespace, origins: Sequence[str]) -> list[str]:
    """The one command that deploys."""
    parameters = {
        "SiteOrigins": ",".join(origins) or "*",
        "TablePrefix": options.table_prefix,
        "Breakdowns": options.breakdowns,
        "ReservedConcurrency": str(options.reserved_concurrency),
        "AlarmEmail": options.email,
    }
    return [
        *("sam", "deploy", "--template-file", str(TEMPLATE)),
        *("--stack-name", options.stack, "--resolve-s3"),
        *("--capabilities", "CAPABILITY_IAM", "--no-fail-on-empty-changeset"),
        "--parameter-overrides",
        *(f'{name}="{text}"' for name, text in parameters.items()),
    ]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make deploy-aws",
        description="Deploy Footfall to AWS; its options go into ARGS.",
    )
    parser.add_argument("--site", action="append", default=[], metavar="URL")
    parser.add_argument("--email", default="", help="who is told of alarms and costs")
    parser.add_argument("--stack", default="footfall", help="the stack's name")
    parser.add_argument("--table-prefix", default="", metavar="TEXT")
    parser.add_argument("--breakdowns", default="", metavar="page,browser or all")
    parser.add_argument(
        "--reserved-concurrency",
        type=int,
        default=10,
        metavar="N",
        help="requests in flight at most; 0 in a new account, which cannot reserve",
    )
    return parser.parse_args(sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    main()
