"""`footfall serve`: the API, the beacon, the badges and the dashboard."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import click

from footfall.cli.address import base_url, is_this_machine
from footfall.cli.logs import Log, log_format_option
from footfall.cli.options import open_store, store_location, store_options
from footfall.cli.output import program
from footfall.cli.password import PASSWORD_VARIABLE, read_password_file
from footfall.cli.values import port_number
from footfall.connect import DYNAMODB, create_tables, missing_tables
from footfall.counters.port import Store
from footfall.counters.transactions import require_transactions
from footfall.errors import FootfallError, InvalidInputError, StoreError
from footfall.owners.password import check_password, read_password, set_password
from footfall.transfer.copying import is_unfinished
from footfall.visits.site import RATE_LIMIT_MAX
from footfall.web.app import App, create_app
from footfall.web.countries import Countries
from footfall.web.demo import DEMO_PATH, ensure_demo_site
from footfall.web.limits import VISITS_A_SECOND
from footfall.web.proxies import Network, Proxies, proxy_network
from footfall.web.server import serve as serve_app
from footfall.web.settings import Settings


class _ProxyAddress(click.ParamType[Network]):
    """A proxy's address or network; the environment has several, comma-separated."""

    name = "address"
    envvar_list_splitter: ClassVar[str] = ","

    def convert(self, value: Any, *_: object) -> Network:
        """The network: of one address, "10.0.0.1", or of several, "10.0.0.0/8"."""
        try:
            return proxy_network(value)
        except InvalidInputError as error:
            raise click.BadParameter(error.problem) from error


@click.command(short_help="Serve the dashboard, the beacon and the badges.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    envvar="FOOTFALL_HOST",
    show_envvar=True,
    metavar="HOST",
    help="The address to listen on; beyond this machine once a password is set.",
)
@click.option(
    "--port",
    type=port_number,
    default="8080",
    show_default=True,
    envvar="FOOTFALL_PORT",
    show_envvar=True,
    metavar="PORT",
    help="0 takes a free one.",
)
@click.option(
    "--public-claims",
    is_flag=True,
    envvar="FOOTFALL_PUBLIC_CLAIMS",
    show_envvar=True,
    help="Let anybody claim from a count-down.",
)
@click.option(
    "--proxy",
    "proxies",
    type=_ProxyAddress(),
    multiple=True,
    envvar="FOOTFALL_PROXY",
    show_envvar=True,
    metavar="ADDRESS",
    help="A reverse proxy that tells readers' addresses: an IP address or a network;"
    " may be given several times.",
)
@click.option(
    "--rate-limit",
    type=click.IntRange(0, RATE_LIMIT_MAX),
    default=VISITS_A_SECOND,
    show_default=True,
    envvar="FOOTFALL_RATE_LIMIT",
    show_envvar=True,
    metavar="N",
    help="Visits a second that one address may count; 0 is no limit.",
)
@click.option(
    "--countries",
    default="",
    envvar="FOOTFALL_COUNTRIES",
    show_envvar=True,
    metavar="FILE",
    help="A database of addresses' countries (.mmdb).",
)
@click.option(
    "--password-file",
    default="",
    envvar="FOOTFALL_PASSWORD_FILE",
    show_envvar=True,
    metavar="FILE",
    help="A file whose line is the owner's password, where none is set yet.",
)
@log_format_option("FOOTFALL_LOG_FORMAT")
@store_options
def serve(
    host: str,
    port: int,
    public_claims: bool,
    proxies: tuple[Network, ...],
    rate_limit: int,
    countries: str,
    password_file: str,
    log_format: str,
    **settings: Any,
) -> None:
    """Serve the counting API, the beacon, the badges and the dashboard.

    \b
    Examples:
      footfall serve
      footfall serve --store visits.db --port 9000
      footfall serve --proxy 127.0.0.1 --countries GeoLite2-Country.mmdb
      footfall serve --store dynamodb:
    """
    log = Log(log_format)
    # Before a store is made for nothing
    known = Countries(countries) if countries else None
    web_settings = Settings(public_claims, known, proxies, rate_limit=rate_limit)
    first_password = _first_password(password_file)
    is_local = is_this_machine(host)
    if not is_local and not first_password and not _may_have_password(settings):
        raise _no_password(host)
    store = open_store(settings, create=True)
    _require_tables(store)
    _require_whole(store)
    if first_password:
        _set_first(store, first_password, log)
    if not is_local:
        _require_password(store, host, log)
    require_transactions(store)
    if public_claims:
        log.note("claims are open: whoever reaches the server can take a place")
    app = create_app(store, web_settings)
    has_demo, has_password = False, read_password(store) is not None

    def make_app(port: int) -> App:
        # The demo's address has the port, and the first request may be for it.
        nonlocal has_demo
        has_demo = _has_demo(store, base_url(host, port), log)
        return app

    serve_app(
        make_app,
        host=host,
        port=port,
        on_started=lambda port: _tell(
            log, base_url(host, port), has_demo, has_password
        ),
        on_stopping=app.stop,
        is_proxy=Proxies(proxies).has,
    )
    log.say("stopped", "stopped; every visit that was accepted is answered")


def _first_password(file: str) -> str:
    """The password to set where none is, "" if none is given.

    Raises:
        InvalidInputError: It is given twice, or is not valid.
    """
    given = os.environ.get(PASSWORD_VARIABLE, "")
    if given and file:
        raise InvalidInputError(
            "password-file", f"{PASSWORD_VARIABLE} is set too; give one of the two"
        )
    text = read_password_file(file) if file else given
    return check_password(text) if text or file else ""


def _set_first(store: Store, text: str, log: Log) -> None:
    if read_password(store) is None and set_password(store, text, only_first=True):
        log.note("set the owner's password; sign in at /login")
    else:
        log.note(
            "a password is set already, and the one that was given is left"
            " alone; `footfall password` changes it"
        )


def _may_have_password(settings: Mapping[str, str | None]) -> bool:
    """Whether a password can be stored: not in a file that would be made now."""
    location = store_location(settings).store
    return location.startswith(DYNAMODB) or Path(location).exists()


def _no_password(host: str) -> InvalidInputError:
    return InvalidInputError(
        "host",
        f"{host or 'every address'} is beyond this machine, and no password is set; run"
        f" `{program()} password` with the same --store first, or give one by"
        " FOOTFALL_PASSWORD_FILE",
    )


def _require_password(store: Store, host: str, log: Log) -> None:
    """Refuse an address that others reach while nobody is asked for a password."""
    if read_password(store) is None:
        raise _no_password(host)
    log.note(
        f"{host} is beyond this machine, and what travels by http can be read"
        " on its way, passwords too: put a reverse proxy with https before it"
    )


def _require_whole(store: Store) -> None:
    if is_unfinished(store):
        raise StoreError(
            "the store is a copy that is not finished: what it counted would be written"
            " over; run `footfall copy FROM TO --finish` first"
        )


def _require_tables(store: Store) -> None:
    missing = missing_tables(store)
    if not missing:
        return
    named = ", ".join(missing)
    if not sys.stdin.isatty():
        raise StoreError(
            f"the store has no {named}; run `footfall tables create` with the same"
            " --store"
        )
    click.confirm(f"The store has no {named}. Create them?", abort=True)
    create_tables(store)


def _has_demo(store: Store, here: str, log: Log) -> bool:
    """Whether there is a demo; it is made in a store without sites."""
    try:
        return ensure_demo_site(store, here) is not None
    except FootfallError as error:
        log.note(f"no demo: {error}")
        return False


def _tell(log: Log, here: str, has_demo: bool, has_password: bool) -> None:
    lines = [f"Dashboard  {here}/"]
    if has_demo:
        lines.append(f"Demo       {here}{DEMO_PATH}")
    lines.append(f'Snippet    <script async src="{here}/beacon.js"></script>')
    lines.append(f"Add a site with `{program()} sites add URL`; stop with Ctrl+C.")
    if not has_password:
        lines.append(
            "No password is set, so the dashboard answers this machine alone;"
            f" `{program()} password` sets one."
        )
    log.say("serving", *lines, url=f"{here}/")
