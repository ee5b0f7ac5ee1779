"""A server's log: one line a record, whatever is in it, and nothing of readers."""

import ast
import io
import json
import logging
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import footfall
from footfall.cli.logs import JsonLines, TextLines
from tests.processes import FOOTFALL, free_port

MONITOR = Path(__file__).parents[2] / "docs" / "guides" / "monitor.md"
HOSTILE = "a\nERROR b: \x1b[2Jc\r\u2028d\x9b"


def written(formatter: logging.Formatter) -> str:
    """What a logger with this formatter writes of a hostile message and a fault."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logger = logging.Logger("footfall.test")
    logger.addHandler(handler)
    logger.warning("it said %s", HOSTILE, extra={"site": HOSTILE})
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        logger.exception("a fault")
    return stream.getvalue()


def test_json_is_an_object_a_line() -> None:
    """Whatever came from outside; a traceback is a field."""
    first, second = map(json.loads, written(JsonLines()).splitlines())

    assert first.keys() == {"time", "level", "logger", "message", "site"}
    assert first["message"] == f"it said {HOSTILE}"
    assert first["site"] == HOSTILE
    assert re.fullmatch(r"20[0-9-]{8}T[0-9:]{8}\.[0-9]{3}Z", first["time"])
    assert (second["level"], second["logger"]) == ("error", "footfall.test")
    assert "Traceback" in second["exception"]


def test_text_has_no_line_that_a_stranger_began() -> None:
    """Nor a letter that moves somebody's cursor."""
    text = written(TextLines())
    first, *rest = text.split("\n")

    assert first.isprintable()
    assert "WARNING footfall.test: it said a\\nERROR b: \\x1b[2Jc" in first
    assert rest[0].endswith("ERROR footfall.test: a fault")
    assert all(line.startswith("    ") for line in rest[1:-1])
    assert set(text) - {"\n"} <= set(map(chr, range(32, 127)))


def test_a_server_says_all_as_json(tmp_path: Path) -> None:
    """Its start, what its owner should know, and its end; nothing on standard output."""
    port = str(free_port())
    server = subprocess.Popen(
        [
            *(FOOTFALL, "serve", "--store", str(tmp_path / "v.db"), "--port", port),
            *("--log-format", "json", "--public-claims"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr is not None
    lines = [json.loads(server.stderr.readline())]
    while lines[-1]["message"] != "serving":
        lines.append(json.loads(server.stderr.readline()))
    server.terminate()
    out, rest = server.communicate(timeout=30)
    lines += map(json.loads, rest.splitlines())

    assert out == ""
    assert server.returncode == 0
    assert [line["level"] for line in lines] == ["warning", "info", "info"]
    assert lines[0]["message"].startswith("claims are open")
    assert lines[1]["url"] == f"http://127.0.0.1:{port}/"
    assert lines[2]["message"] == "stopped"


def test_every_message_of_the_server_is_documented() -> None:
    """A line that nobody explains helps nobody at night."""
    told = MONITOR.read_text()
    missing = [text for text in messages() if _gist(text) not in told]

    assert missing == []


def messages() -> Iterator[str]:
    """The texts that the web server's code logs."""
    for path in (Path(footfall.__file__).parent / "web").glob("*.py"):
        if path.name == "single.py":  # of the function on Lambda
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "_log"
            ):
                yield ast.literal_eval(node.args[0])


def _gist(text: str) -> str:
    """The longest part of a message without what is filled in, to its first stop."""
    return max(re.split(r"%s|[:,]", text), key=len).strip()
