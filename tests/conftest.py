"""What all tests share: real servers, a real browser, and nothing of this machine's own.

Where a part is missing the test fails and says how to get it; none is skipped.
"""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests import processes
from tests.dynamodb_local import dynamodb_local
from tests.processes import FOOTFALL, Server

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# pytest-xdist tells its processes a terminal's size; a test's terminal has its own.
for name in ("COLUMNS", "LINES"):
    os.environ.pop(name, None)

# boto3 and `footfall` read these. No test may meet a developer's own account.
for name in list(os.environ):
    if name.startswith(("AWS_", "FOOTFALL_")):
        del os.environ[name]
os.environ |= {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_PROXY": "127.0.0.1,localhost",
    "no_proxy": "127.0.0.1,localhost",
}

# A shell that runs the tests in its background ignores Ctrl+C, and so would every
# process that they start; some tests press it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# dev: new examples each time. ci: the same each time, so that a red run replays.
# soak: many more, for a night.
hypothesis.settings.register_profile("dev", deadline=None)
hypothesis.settings.register_profile(
    "ci", deadline=None, derandomize=True, database=None, print_blob=True
)
hypothesis.settings.register_profile("soak", deadline=None, max_examples=20_000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

# Quick to start and frugal, which is what many short tests on two cores want.
JAVA_OPTIONS = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")

# An ordinary reader's: headless Chromium names itself otherwise.
USER_AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/142.0.0.0 Safari/537.36"
)

StartFootfall = Callable[..., Server]
LaunchBrowser = Callable[..., "Browser"]

# A reader's browser: it talks to nobody by itself, and is not marked as automated.
BROWSER_SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-blink-features=AutomationControlled",
    f"--user-agent={USER_AGENT}",
)


@pytest.fixture(scope="session")
def dynamodb_local_endpoint(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The address of one DynamoDB Local in memory, shared by the whole run."""
    log = tmp_path_factory.mktemp("dynamodb-local") / "log"
    with dynamodb_local(log=log, java_options=JAVA_OPTIONS) as endpoint:
        yield endpoint


@pytest.fixture
def free_port() -> int:
    """A loopback TCP port that nobody listens on."""
    return processes.free_port()


@pytest.fixture
def footfall_process(tmp_path: Path) -> Iterator[StartFootfall]:
    """Starts `footfall` with the given arguments, and a `--port`, as a process.

    It returns when the process answers HTTP. When the test ends, each that still runs
    is sent SIGTERM and must end cleanly.
    """
    with ExitStack() as servers:
        started = 0

        def start(
            *arguments: str | Path,
            port: int | None = None,
            environment: dict[str, str] | None = None,
        ) -> Server:
            nonlocal started
            started += 1
            port = processes.free_port() if port is None else port
            return servers.enter_context(
                Server(
                    [FOOTFALL, *map(str, arguments), "--port", str(port)],
                    port=port,
                    log=tmp_path / f"footfall-{started}.log",
                    environment=environment,
                )
            )

        yield start


def chromium() -> str:
    """The path of Chromium."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.fail(
            "chromium is missing; `apt-get install chromium` installs it, and"
            " `make test` does so by itself when root runs it"
        )
    return path


@pytest.fixture(scope="module")
def launch_browser() -> Iterator[LaunchBrowser]:
    """Starts a real Chromium, with further switches if any are given.

    A module's, not the session's: while Playwright runs, its event loop is this
    thread's, and `asyncio.run` in another test would refuse.
    """
    # Imported here, so that the tests without a browser do not wait for it.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, ExitStack() as browsers:

        def launch(*switches: str) -> "Browser":
            browser = playwright.chromium.launch(
                executable_path=chromium(),
                args=[*BROWSER_SWITCHES, *switches],
                # A reader's browser has this cache. A page that comes back from it does
                # not load anew: `page.go_back(wait_until="commit")`.
                ignore_default_args=["--disable-back-forward-cache"],
            )
            browsers.callback(browser.close)
            return browser

        yield launch


@pytest.fixture(scope="module")
def browser(launch_browser: LaunchBrowser) -> "Browser":
    """A real Chromium without further switches."""
    return launch_browser()
