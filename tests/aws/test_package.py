"""The function's package: what is in it, and that it runs beside Lambda's runtime alone."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from deploy.aws.package import (
    IN_THE_RUNTIME,
    PLATFORMS,
    add_footfall,
    pip_command,
    requirements,
    zip_tree,
)
from footfall.counters.port import Store
from tests.aws.conftest import PREFIX, SITE
from tests.lambda_runtime import LocalFunction, event, visit
from tests.test_wheel import LOCK, link_packages

# The runtime client and what it needs, which Lambda's runtime has too.
RUNTIME_CLIENT = {"awslambdaric", "simplejson", "snapshot-restore-py"}


def test_the_package_holds_what_the_lock_names(tmp_path: Path) -> None:
    """With the hashes, and without what only the server or the terminal needs."""
    wanted = requirements(LOCK.read_text())

    assert {"msgspec", "starlette", "tzdata", "ua-parser"} <= wanted.keys()
    assert not wanted.keys() & {"boto3", "uvicorn", "uvloop", "rich", "hatchling"}
    assert all("--hash=sha256:" in lines for lines in wanted.values())
    command = pip_command(tmp_path / "requirements.txt", tmp_path)
    assert "--require-hashes" in command
    assert all(platform.endswith("_aarch64") for platform in PLATFORMS)


def test_the_same_tree_makes_the_same_bytes(tmp_path: Path) -> None:
    """So that a deployment of what is deployed changes nothing."""
    for name in ("one", "two"):
        add_footfall(tmp_path / name)
        zip_tree(tmp_path / name, tmp_path / f"{name}.zip")

    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    names = zipfile.ZipFile(tmp_path / "one.zip").namelist()
    assert "footfall/aws_lambda.py" in names
    assert not any(
        name.startswith(("footfall/cli", "footfall/embedded")) for name in names
    )


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """An interpreter that has the package, and what Lambda's runtime has."""
    package = tmp_path / "package.zip"
    add_footfall(tmp_path / "tree")
    zip_tree(tmp_path / "tree", package)
    environment = tmp_path / "venv"
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", environment], check=True
    )
    (site_packages,) = (environment / "lib").glob("python*/site-packages")
    zipfile.ZipFile(package).extractall(site_packages)
    there = {*requirements(LOCK.read_text()), *IN_THE_RUNTIME, *RUNTIME_CLIENT}
    link_packages(sorted(there), site_packages)
    return environment / "bin" / "python"


def test_the_package_counts(
    python: Path, store: Store, dynamodb_local_endpoint: str, tmp_path: Path
) -> None:
    """And shows what it counted: the rest of the application is in it too."""
    function = LocalFunction(
        log=tmp_path / "function.log",
        environment={
            "FOOTFALL_STORE": f"dynamodb:{dynamodb_local_endpoint}",
            "FOOTFALL_TABLE_PREFIX": PREFIX,
        },
        python=str(python),
    )
    with function:
        counted = function.invoke(visit("v1", SITE))
        beacon = function.invoke(event("GET", "/beacon.js"))
        form = {"content-type": "application/x-www-form-urlencoded"}
        wrong = function.invoke(event("POST", "/login", b"password=x", headers=form))

    assert '"counted"' in counted["body"]
    assert beacon["statusCode"] == 200
    assert "The password is wrong." in wrong["body"]
