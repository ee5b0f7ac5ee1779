"""The recorder under a program, compiled; and a store whose every call it records."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.power.disk import Record, read_log


@dataclass(frozen=True, slots=True)
class Recorded:
    """A directory whose files are recorded, and a disk in it that fails when told."""

    shim: Path
    directory: Path
    log: Path
    fault: Path

    @property
    def store(self) -> Path:
        """Where the store is."""
        return self.directory / "visits.db"

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs in its environment to be recorded."""
        return {
            "LD_PRELOAD": str(self.shim),
            "POWER_DIRECTORY": str(self.directory),
            "POWER_LOG": str(self.log),
            "POWER_FAULT": str(self.fault),
        }

    def run(self, *command: str | Path) -> "subprocess.CompletedProcess[str]":
        """Run a program to its end, recorded."""
        return subprocess.run(
            [*map(str, command)],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def records(self) -> list[Record]:
        """The calls so far."""
        return list(read_log(self.log.read_bytes()))

    def fail(self, how: str) -> None:
        """Let the disk fail from now on: "syncs", "full", or "" for no more."""
        self.fault.write_text(how)


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`shim.c` as a library."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.fail(
            "a C compiler is missing; `apt-get install gcc libc6-dev` installs it, and"
            " `make test` does so by itself when root runs it"
        )
    library = tmp_path_factory.mktemp("shim") / "shim.so"
    source = Path(__file__).parent / "shim.c"
    command = [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror"]
    built = subprocess.run(
        [*command, "-o", str(library), str(source), "-ldl", "-lpthread"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, f"{built.stderr}; is libc6-dev installed?"
    return library


@pytest.fixture
def recorded(shim: Path, tmp_path: Path) -> Recorded:
    """A directory of its own for each test."""
    directory = tmp_path / "store"
    directory.mkdir()
    return Recorded(shim, directory, tmp_path / "log", tmp_path / "fault")
