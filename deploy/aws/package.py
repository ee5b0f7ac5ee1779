"""Builds the function's package: build/aws/footfall.zip, for Python 3.13 on arm64.

    python deploy/aws/package.py

In it are Footfall and what it needs there, at the versions and hashes of
requirements/serve.lock. What Lambda's runtime has (boto3), and what only the command
line and the server use, is left out: a smaller package starts sooner. The same tree
makes the same bytes, so that a deployment of what was deployed changes nothing.
"""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "aws"
PACKAGE = BUILD / "footfall.zip"

PYTHON_VERSION = "3.13"
PLATFORMS = (
    "manylinux_2_28_aarch64",
    "manylinux_2_17_aarch64",
    "manylinux2014_aarch64",
)
UNPACKED_BYTES_MAX = 250 * 1024 * 1024  # Lambda's own limit

IN_THE_RUNTIME = {
    *{"boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six"},
    "urllib3",
}
OF_THE_COMMAND_LINE = {
    "click",
    "colorama",
    "markdown-it-py",
    "mdurl",
    "pygments",
    "rich",
}
OF_THE_SERVER = {"h11", "httptools", "uvicorn", "uvloop"}
OF_THE_BUILD = {
    *{"editables", "hatchling", "packaging", "pathspec", "pluggy", "tomlkit"},
    "trove-classifiers",
}
LEFT_OUT = IN_THE_RUNTIME | OF_THE_COMMAND_LINE | OF_THE_SERVER | OF_THE_BUILD

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can tell


def requirements(lock: str) -> dict[str, str]:
    """What of a lock goes into the package: each name, and its lines with hashes."""
    entries = re.findall(r"^([a-z0-9-]+)==((?:.*\\\n)*.*\n)", lock, re.MULTILINE)
    return {name: f"{name}=={rest}" for name, rest in entries if name not in LEFT_OUT}


def pip_command(requirements_file: Path, target: Path) -> list[str]:
    """What installs the requirements for Lambda's machine, on any machine."""
    platforms = [part for each in PLATFORMS for part in ("--platform", each)]
    return [
        *(sys.executable, "-m", "pip", "install", "--quiet"),
        *("--target", str(target), "--only-binary", ":all:", "--no-deps"),
        *("--require-hashes", "--python-version", PYTHON_VERSION),
        *("--implementation", "cp", *platforms),
        *("--requirement", str(requirements_file)),
    ]


def add_footfall(tree: Path) -> None:
    """Put Footfall itself beside what it needs."""
    ignored = shutil.ignore_patterns("__pycache__", "cli", "embedded", "__main__.py")
    shutil.copytree(ROOT / "src" / "footfall", tree / "footfall", ignore=ignored)
    shutil.copy(ROOT / "LICENSE", tree / "footfall" / "LICENSE")


def zip_tree(tree: Path, package: Path) -> None:
    """Zip a folder's files in a fixed order, with fixed times and rights."""
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
        for path in sorted(tree.rglob("*")):
            name = path.relative_to(tree)
            if path.is_dir() or name.parts[0] == "bin" or "__pycache__" in name.parts:
                continue
            entry = zipfile.ZipInfo(str(name), _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            made.writestr(entry, path.read_bytes())


def main() -> None:
    """Build the package.

    Raises:
        SystemExit: A package is not to be had for Lambda's machine, or all is too large.
    """
    tree = BUILD / "tree"
    shutil.rmtree(BUILD, ignore_errors=True)
    tree.mkdir(parents=True)
    wanted = requirements((ROOT / "requirements" / "serve.lock").read_text())
    requirements_file = BUILD / "requirements.txt"
    requirements_file.write_text("".join(wanted.values()))
    if subprocess.run(pip_command(requirements_file, tree), check=False).returncode:
        raise SystemExit("pip could not fetch the packages for Lambda's machine")
    add_footfall(tree)
    unpacked = sum(path.stat().st_size for path in tree.rglob("*") if path.is_file())
    if unpacked > UNPACKED_BYTES_MAX:
        raise SystemExit(f"{unpacked} bytes unpacked are more than Lambda takes")
    zip_tree(tree, PACKAGE)
    size_mb, unpacked_mb = PACKAGE.stat().st_size / 1e6, unpacked / 1e6
    print(f"{PACKAGE.relative_to(ROOT)}: {size_mb:.1f} MB, {unpacked_mb:.1f} unpacked")


if __name__ == "__main__":
    main()
