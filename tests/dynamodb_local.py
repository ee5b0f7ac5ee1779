"""DynamoDB Local: Amazon's own DynamoDB for tests, a Java program.

It comes inside an npm package, `amplify-dynamodb-simulator`. Only the package's archive
is fetched (`npm pack`), not the 282 packages that it depends on: they are a wrapper in
JavaScript, and here is the only wrapper that is needed. The archive's SHA-512 is pinned
as a lock file would pin it.

    python -m tests.dynamodb_local        fetch and unpack it; nothing if it is there

It is installed for tests and benchmarks, and never shipped: its licence forbids that.
"""

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.processes import Server, free_port

PACKAGE = "amplify-dynamodb-simulator"
VERSION = "2.9.30"  # holds DynamoDB Local 1.25.1
SHA512 = (
    "c5379e44bbf311fab2779961ddb1f8734907bd21c79a6843e590ec1c52804398"
    "36665e89aa515dbad6908422c7cf1129e91cb5a3b4c1ea7888a17b9002749ec1"
)

ROOT = Path(__file__).parent.parent
DIRECTORY = ROOT / ".tools" / f"dynamodb-local-{VERSION}"
JETTY_CONFIGURATION = Path(__file__).with_suffix(".xml")
SIGTERM_EXIT = 143  # how Java ends by that signal
START_SECONDS = 60  # it takes 2 s alone, and longer where two cores share the tests

IN_MEMORY = None


def install() -> None:
    """Fetch the package, check it and unpack it, unless that was done before.

    Raises:
        SystemExit: npm is missing or failed, or the archive is not the pinned one.
    """
    if DIRECTORY.exists():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is missing; install Node.js 20 or newer (`nodejs npm`)")
    DIRECTORY.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=DIRECTORY.parent) as scratch:
        subprocess.run(
            [npm, "pack", "--silent", f"{PACKAGE}@{VERSION}"], cwd=scratch, check=True
        )
        (archive,) = Path(scratch).glob("*.tgz")
        digest = hashlib.sha512(archive.read_bytes()).hexdigest()
        if digest != SHA512:
            raise SystemExit(f"{archive.name} has SHA-512 {digest}, not {SHA512}")
        with tarfile.open(archive) as package:
            package.extractall(scratch, filter="data")
        (Path(scratch) / "package" / "emulator").rename(DIRECTORY)


def command(
    port: int, data: Path | None = IN_MEMORY, *, java_options: Sequence[str] = ()
) -> list[str]:
    """What runs DynamoDB Local on a loopback port.

    Args:
        port: The port.
        data: The directory of its file, or IN_MEMORY.
        java_options: The Java machine's own, such as "-XX:+UseSerialGC".

    Raises:
        RuntimeError: Java or the jar is missing.
    """
    java = shutil.which("java")
    if java is None:
        raise RuntimeError(
            "java is missing, so DynamoDB Local cannot run; install a Java runtime, 17"
            " or newer (`apt-get install default-jre-headless`)"
        )
    if not DIRECTORY.exists():
        raise RuntimeError(
            f"DynamoDB Local is not in {DIRECTORY.relative_to(ROOT)}; `make test` puts"
            f" it there, and so does `python -m tests.dynamodb_local`"
        )
    libraries = DIRECTORY / "DynamoDBLocal_lib"
    return [
        java,
        *java_options,
        f"-Dport={port}",
        f"-DinMemory={'true' if data is IN_MEMORY else 'false'}",
        *([] if data is IN_MEMORY else [f"-DdbPath={data}"]),
        f"-Djava.library.path={libraries}",
        "-classpath",
        f"{DIRECTORY / 'DynamoDBLocal.jar'}:{libraries}/*",
        "org.eclipse.jetty.xml.XmlConfiguration",
        str(JETTY_CONFIGURATION),
    ]


@contextmanager
def dynamodb_local(
    data: Path | None = IN_MEMORY, *, log: Path, java_options: Sequence[str] = ()
) -> Iterator[str]:
    """Run DynamoDB Local on a free port until the block ends; its address.

    Raises:
        RuntimeError: Java or the jar is missing, or it did not start.
    """
    port = free_port()
    server = Server(
        command(port, data, java_options=java_options),
        port=port,
        log=log,
        start_seconds=START_SECONDS,
        clean_exit=SIGTERM_EXIT,
    )
    with server:
        yield server.url


if __name__ == "__main__":
    install()
