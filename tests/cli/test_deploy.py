"""What deploys a server: the unit, the image and the compose file, as far as they run."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.processes import FOOTFALL, free_port

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "deploy" / "systemd" / "footfall.service"
EXPOSURE_MAX = 15  # tenths; it is 1.2 of 10


def analyze(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.fail("systemd-analyze is missing; `apt-get install systemd` installs it")
    return subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """No directive is unknown to it, and little of the machine is open."""
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/footfall/bin/footfall", FOOTFALL))
    verified = analyze("verify", unit)
    judged = analyze("security", "--offline=true", f"--threshold={EXPOSURE_MAX}", unit)

    assert (verified.returncode, verified.stderr) == (0, "")
    assert judged.returncode == 0, judged.stdout


def test_the_unit_waits_for_a_stop_that_answers() -> None:
    """Systemd kills what takes longer; a server takes ten seconds, and boto3 a while."""
    text = UNIT.read_text()

    assert "TimeoutStopSec=60" in text
    assert "KillSignal" not in text  # SIGTERM, which is answered


def dockerfile() -> str:
    """The image's last stage, continued lines joined."""
    return (
        (ROOT / "Dockerfile").read_text().replace("\\\n", " ").rpartition("\nFROM ")[2]
    )


def test_the_image_serves_and_tells_its_health(tmp_path: Path) -> None:
    """Its environment, its command and its health check, run here as they stand.

    No engine is: what is built is `pip install`, which the wheel's test does too.
    """
    text = dockerfile()
    (variables,) = re.findall(r"^ENV (.*)$", text, re.MULTILINE)
    environment = dict(word.split("=", 1) for word in shlex.split(variables))
    (checks,) = re.findall(r"^HEALTHCHECK .*?CMD (\[.*\])$", text, re.MULTILINE)
    (entry,) = re.findall(r"^ENTRYPOINT (\[.*\])$", text, re.MULTILINE)
    (command,) = re.findall(r"^CMD (\[.*\])$", text, re.MULTILINE)
    assert json.loads(entry) == ["footfall"]
    port = str(free_port())
    secret = tmp_path / "password"
    secret.write_text("correct horse battery staple\n")
    environment |= {
        "PATH": os.environ["PATH"],
        "FOOTFALL_STORE": str(tmp_path / "footfall.db"),
        "FOOTFALL_PORT": port,
        "FOOTFALL_PASSWORD_FILE": str(secret),
    }
    check = [sys.executable, *json.loads(checks)[1:]]
    check[-1] = check[-1].replace("8080", port)
    server = subprocess.Popen(
        [FOOTFALL, *json.loads(command)], env=environment, stderr=subprocess.PIPE
    )
    try:
        for _ in range(300):
            healthy = subprocess.run(check, check=False, capture_output=True)
            if healthy.returncode == 0:
                break
            time.sleep(0.1)
    finally:
        server.terminate()
        _, log = server.communicate(timeout=60)

    assert healthy.returncode == 0
    assert server.returncode == 0
    assert all(json.loads(line) for line in log.splitlines())
    assert subprocess.run(check, check=False, capture_output=True).returncode != 0


def test_the_image_has_all_that_its_build_copies() -> None:
    """And the context holds nothing else: no store, no password, no .git."""
    text = (ROOT / "Dockerfile").read_text()
    copied = {
        name
        for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE)
        for name in line.split()[:-1]
    }
    context = (ROOT / ".dockerignore").read_text().split()
    let_in = {line[1:] for line in context if line.startswith("!")}

    assert context[0] == "*"
    assert copied == let_in
    assert all((ROOT / name).exists() for name in copied)


@pytest.fixture
def services() -> Any:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


def test_compose_keeps_the_store_and_closes_the_rest(services: Any) -> None:
    """A volume where the image has its store; nothing else can be written."""
    footfall = services["services"]["footfall"]
    stores = re.findall(r"FOOTFALL_STORE=(\S+)", dockerfile())
    mounts = dict(mount.split(":")[:2] for mount in footfall["volumes"])

    assert [str(Path(store).parent) for store in stores] == list(mounts.values())
    assert mounts.keys() <= services["volumes"].keys()
    assert footfall["read_only"] is True
    assert footfall["cap_drop"] == ["ALL"]
    assert footfall["security_opt"] == ["no-new-privileges:true"]
    assert "ports" not in footfall  # Caddy alone reaches it


def test_compose_names_the_proxy_and_the_password(services: Any) -> None:
    """Readers are told apart, and the server may listen beyond its container."""
    footfall = services["services"]["footfall"]
    (subnet,) = services["networks"]["inside"]["ipam"]["config"]
    (secret,) = footfall["secrets"]
    caddyfile = (ROOT / "deploy" / "docker" / "Caddyfile").read_text()

    assert footfall["environment"]["FOOTFALL_PROXY"] == subnet["subnet"]
    assert footfall["environment"]["FOOTFALL_PASSWORD_FILE"] == f"/run/secrets/{secret}"
    assert secret in services["secrets"]
    assert services["services"]["caddy"]["networks"] == footfall["networks"]
    assert "reverse_proxy footfall:8080" in caddyfile
