"""`make deploy-aws` where something is missing, and the command that it would run."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.aws.deploy import PACKAGE, TEMPLATE, origins_of, sam_command

SCRIPT = Path(__file__).parents[2] / "deploy" / "aws" / "deploy.py"


def deploy(*arguments: str, path: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def package() -> Path:
    """A package; whether it is a good one is not looked at before `sam` is."""
    if not PACKAGE.exists():
        PACKAGE.parent.mkdir(parents=True, exist_ok=True)
        PACKAGE.write_bytes(b"")
    return PACKAGE


def test_without_sam_it_says_what_to_install(package: Path, tmp_path: Path) -> None:
    done = deploy("--site", "https://example.com", path=str(tmp_path))

    assert done.returncode == 1
    assert "`sam` is not installed" in done.stderr
    assert "pip install aws-sam-cli" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_credentials_it_says_what_to_set(package: Path, tmp_path: Path) -> None:
    sam = tmp_path / "sam"
    sam.write_text("#!/bin/sh\nexit 1\n")
    sam.chmod(0o755)
    environment = {
        name: text for name, text in os.environ.items() if not name.startswith("AWS_")
    }
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        env={
            **environment,
            "PATH": str(tmp_path),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 1
    assert "no AWS credentials or no region" in done.stderr


def test_a_site_that_is_none_is_refused_first(tmp_path: Path) -> None:
    done = deploy("--site", "ftp://example.com", path=str(tmp_path))

    assert done.returncode == 1
    assert "absolute http or https URL" in done.stderr


def test_the_origins_are_the_sites() -> None:
    """With and without www, as the sites' aliases; a path is none of an origin."""
    assert origins_of(["https://www.example.com/blog"]) == [
        "https://www.example.com",
        "http://www.example.com",
        "https://example.com",
        "http://example.com",
    ]
    assert origins_of([]) == []


def test_one_command_deploys() -> None:
    options = argparse.Namespace(
        stack="footfall",
        table_prefix="",
        breakdowns="page",
        reserved_concurrency=0,
        email="me@example.com",
    )

    command = sam_command(options, ["https://example.com"])

    assert command[:2] == ["sam", "deploy"]
    assert str(TEMPLATE) in command
    assert 'SiteOrigins="https://example.com"' in command
    assert 'ReservedConcurrency="0"' in command
    assert 'AlarmEmail="me@example.com"' in command
