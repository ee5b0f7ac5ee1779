"""What ships: the wheel, installed alone, beside the packages that it asks for.

The other tests run on the tree. A template that the wheel lacks, or a package that only
the development tools bring, is seen here alone.
"""

import os
import subprocess
import sys
import urllib.request
from importlib.metadata import distribution
from pathlib import Path

import pytest

import footfall
from tests.processes import Server, free_port

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements" / "serve.lock"
URL = "https://a.example/"


def run(*command: str | Path) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def runtime_packages() -> list[str]:
    """What serve.lock names, without what a marker leaves out on this machine."""
    lines = LOCK.read_text().splitlines()
    names = [line.partition("==")[0] for line in lines if "==" in line]
    return [name for name in names if name not in ("editables", "hatchling")]


def link_packages(names: list[str], site_packages: Path) -> None:
    """Make installed packages importable there too, which is quicker than pip."""
    for name in names:
        package = distribution(name)
        for top in {file.parts[0] for file in package.files or ()} - {
            "..",
            "__pycache__",
        }:
            link = site_packages / top
            if not link.exists():
                link.symlink_to(Path(str(package.locate_file(top))))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` directory of an environment that holds the wheel."""
    directory = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", directory)
    (wheel,) = directory.glob("*.whl")
    environment = directory / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", environment)
    python = environment / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel)
    (site_packages,) = (environment / "lib").glob("python*/site-packages")
    link_packages(runtime_packages(), site_packages)
    return environment / "bin"


def test_the_installed_wheel_is_what_runs(installed: Path) -> None:
    origin = run(
        installed / "python", "-c", "import footfall; print(footfall.__file__)"
    )

    assert Path(origin.strip()).is_relative_to(installed.parent)


def test_the_installed_command_says_its_version(installed: Path) -> None:
    assert footfall.__version__ in run(installed / "footfall", "--version")


def test_the_installed_command_counts_a_visit_once(
    installed: Path, tmp_path: Path
) -> None:
    command = installed / "footfall"
    store = tmp_path / "visits.db"
    run(command, "sites", "add", URL, "--store", store)
    answers = [
        run(command, "hit", URL, "--id", "visit-1", "--store", store) for _ in range(2)
    ]

    assert "counted" in answers[0]
    assert "duplicate" in answers[1]
    run(command, "verify", "--store", store)


@pytest.mark.parametrize(
    "path",
    ["/sites", "/stats?site=a.example", "/beacon.js", "/badge.svg?site=a.example"],
)
def test_the_installed_server_has_its_files(
    installed: Path, tmp_path: Path, path: str
) -> None:
    command = str(installed / "footfall")
    store = str(tmp_path / "visits.db")
    run(command, "sites", "add", URL, "--store", store)
    port = free_port()
    serve = [command, "serve", "--store", store, "--port", str(port)]
    with Server(serve, port=port, log=tmp_path / "log"):
        # The dashboard of a single site leads to that site's page.
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as it:
            status, body = it.status, it.read()

    assert status == 200
    assert body


def test_the_wheel_holds_the_licence_and_the_types(installed: Path) -> None:
    (site_packages,) = (installed.parent / "lib").glob("python*/site-packages")
    held = {str(path.relative_to(site_packages)) for path in site_packages.rglob("*")}

    assert os.path.join("footfall", "py.typed") in held
    assert any(name.endswith("licenses/LICENSE") for name in held)
