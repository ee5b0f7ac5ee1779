"""The documents' own examples, run as they stand.

In a fenced block

    sh        each line is run; a server goes on running behind it
    text      these lines were printed by the block above, in this order; … is anything
    python    is run; a comment behind an expression begins with its value
    html      every address in it answers

Ports are replaced by free ones, so that the documents can name the usual ones.
"""

import os
import re
import shlex
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import StartFootfall
from tests.processes import free_port

ROOT = Path(__file__).parents[2]
FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OTHERS = {"make test"}  # this very run

RUN_PYTHON = """
import ast, sys

source = open(sys.argv[1]).read()
names = {}
for statement in ast.parse(source).body:
    said = source.splitlines()[statement.end_lineno - 1].partition("  # ")[2]
    if isinstance(statement, ast.Expr) and said:
        value = repr(eval(compile(ast.Expression(statement.value), "block", "eval"), names))
        assert said.startswith(value), f"the document says {said}, but it is {value}"
    else:
        exec(compile(ast.Module([statement], []), "block", "exec"), names)
"""


class Reader:
    """Somebody who does what a document says, in a folder like a fresh clone."""

    def __init__(self, folder: Path, start: StartFootfall) -> None:
        self._folder = folder
        self._start = start
        self._ports = {"8080": str(free_port()), "8000": str(free_port())}
        self._environment = dict(os.environ)
        self._printed = ""

    def follow(self, document: Path) -> list[str]:
        """Do every block of a document; the kinds of blocks that there were."""
        kinds = []
        for kind, written in blocks(document):
            block = re.sub(r"\b80[08]0\b", lambda port: self._ports[port[0]], written)
            getattr(self, f"_{kind}")(block)
            kinds.append(kind)
        return kinds

    def _sh(self, block: str) -> None:
        self._printed = ""
        for line in block.splitlines():
            command = line.partition("  #")[0].strip()
            words = [Path(word).name for word in shlex.split(command)[:2]]
            if words == ["make", "serve"] or words[1:] == ["dynamodb"]:
                self._serve(shlex.split(command))
            elif command not in OTHERS:
                self._run(["sh", "-ec", command])

    def _serve(self, command: list[str]) -> None:
        port = self._ports["8080"]
        if "--port" in command:
            port = command.pop(command.index("--port") + 1)
            command.remove("--port")
        server = self._start(*command[1:], port=int(port))
        self._printed += server.output
        self._environment |= re.findall(
            r"^export (\w+)=(\S+)$", server.output, re.MULTILINE
        )

    def _python(self, block: str) -> None:
        path = self._folder / "block.py"
        path.write_text(block)
        self._run([sys.executable, "-c", RUN_PYTHON, str(path)])

    def _run(self, command: list[str]) -> None:
        done = subprocess.run(
            command,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, (command, done.stderr)
        self._printed += done.stdout

    def _text(self, block: str) -> None:
        lines = iter(self._printed.splitlines())
        for said in block.splitlines():
            pattern = re.escape(said).replace("…", ".*")
            assert any(re.fullmatch(pattern, line) for line in lines), (
                f"{said!r} was not printed, or not in this order, in:\n{self._printed}"
            )

    def _html(self, block: str) -> None:
        addresses = re.findall(r'"(http://127[^"]+)"', block)
        assert addresses
        for address in addresses:
            with urllib.request.urlopen(address, timeout=10) as answer:
                assert answer.status == 200


def blocks(document: Path) -> Iterator[tuple[str, str]]:
    for found in FENCED.finditer(document.read_text()):
        yield found[1], found[2]


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("README.md", {"sh", "html", "python"}),
        ("docs/tutorial.md", {"sh", "text", "html"}),
        ("docs/guides/boto3.md", {"sh", "text", "python"}),
        ("docs/guides/backup.md", {"sh", "text"}),
        ("docs/guides/cloud-resume.md", {"sh", "python"}),
        ("docs/guides/contest.md", {"sh", "text", "python"}),
        ("docs/guides/export.md", {"sh", "text"}),
        ("docs/guides/import.md", {"sh", "text"}),
        ("docs/guides/move.md", {"sh", "text"}),
        ("docs/reference/python.md", {"python"}),
    ],
)
def test_a_document_can_be_followed(
    name: str,
    kinds: set[str],
    tmp_path: Path,
    footfall_process: StartFootfall,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A newcomer copies what stands there; it must do what is said."""
    program = Path(sys.executable).parent
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{program}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / ".venv").symlink_to(program.parent)
    (tmp_path / "examples").symlink_to(ROOT / "examples")

    followed = Reader(tmp_path, footfall_process).follow(ROOT / name)

    assert set(followed) == kinds


def test_the_readme_fits_on_a_screen_and_its_links_lead_somewhere() -> None:
    """The documentation's own links are checked when it is built; these are not."""
    text = (ROOT / "README.md").read_text()
    links = re.findall(r"\]\(([^)#]+)", text)

    assert len(text.splitlines()) <= 75
    assert len(links) > 5
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_makefile_has_the_commands_of_the_readme() -> None:
    """`make serve` and `make test` are what a newcomer tries first."""
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    said = re.findall(r"^make (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE)

    assert said == ["serve", "test"]
    assert set(said) <= set(targets)
