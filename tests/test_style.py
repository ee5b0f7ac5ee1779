"""The rules of the code base that no linter knows, held by tests.

Imports point one way, nothing lies about unused, what is public is documented, and no
file names a machine that it was written on.
"""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

import footfall
from footfall import errors
from footfall.cli import cli
from footfall.web.exchange import PIXEL_PATH, VISITS_PATH

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "footfall"
REFERENCE = ROOT / "docs" / "reference"

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 600

# What each part of the package may import of the package. The parts are the first
# names below `footfall`; "" is `footfall` itself.
MAY_IMPORT = {
    "": {"connect", "counters", "errors"},
    "__main__": {"cli"},
    "aws_lambda": {"connect", "web", "visits", "counters", "errors"},
    "owners": {"counters", "errors"},
    "cli": {
        *{"", "connect", "web", "transfer", "owners", "visits"},
        *{"counters", "errors", "embedded"},
    },
    "connect": {"embedded", "counters", "errors"},
    "web": {"owners", "visits", "counters", "errors"},
    "testing": {"embedded", "web"},
    "transfer": {"visits", "counters", "errors"},
    "visits": {"counters", "errors"},
    "counters": {"errors"},
    "errors": set(),
    "embedded": set(),
}

# Packages that only some files may import; any other file may import none of them.
ONLY_IN = {
    "argon2": {"footfall.owners.password"},
    "boto3": {"footfall.connect"},
    "botocore": {"footfall.connect"},
    "sqlite3": {"footfall.embedded"},
    "click": {"footfall.cli"},
    "rich": {"footfall.cli"},
    "jinja2": {"footfall.web"},
    "prometheus_client": {"footfall.web.metrics"},
    "pytest": {"footfall.testing"},
    "rjsmin": {"footfall.web"},
    "starlette": {"footfall.web", "footfall.embedded.server"},
    "uvicorn": {
        *("footfall.web.server", "footfall.web.connections"),
        "footfall.web.fast_path",
    },
    "httptools": {"footfall.web.connections"},
}

ENTRY_POINTS = {
    "footfall",
    "footfall.__main__",
    "footfall.aws_lambda",
    "footfall.cli",
    "footfall.testing",
}

# Directories that no commit holds.
NOT_OURS = {
    *{
        ".git",
        ".venv",
        ".cache",
        ".tools",
        ".hypothesis",
        ".mypy_cache",
        ".pytest_cache",
    },
    *{".ruff_cache", "__pycache__", "build", "dist", "htmlcov", "node_modules", "site"},
}

# In two halves each, or this file would find itself.
FOREIGN = re.compile(
    "|".join(
        [
            r"(?<![\w.])/(work|root)" + "/",
            r"(?<![\w.])/home" + r"/\w",
            r"\bpypi\." + "org",
            "python" + "hosted",
            r"\bregistry\." + "(npmjs|yarnpkg)",
        ]
    )
)

SQL = re.compile(
    r"\b(SELECT\s.+\sFROM|INSERT\s+(OR\s+\w+\s+)?INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM"
    r"|CREATE\s+(TABLE|INDEX)|PRAGMA|BEGIN\s+IMMEDIATE)\b",
    re.DOTALL,
)


@cache
def modules() -> dict[str, ast.Module]:
    """Each module of the package, by its dotted name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_text(), filename=str(path))
    return found


def imports(name: str) -> set[str]:
    """The dotted names that a module imports, anywhere in its code.

    A string that names a module counts too: that is how a command is imported late.
    """
    found = {
        text
        for text in strings(modules()[name])
        if text in modules() and "." in text  # "footfall" is the program's name as well
    }
    for node in ast.walk(modules()[name]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module, f"{name} has a relative import"
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                found.add(submodule if submodule in modules() else node.module)
    return found


def strings(module: ast.Module) -> Iterator[str]:
    """The strings in a module, without its docstrings."""
    docstrings = {
        id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)
    }
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            if isinstance(node.value, str):
                yield node.value


def part_of(name: str) -> str:
    """The part of the package that a module is in; "" for `footfall` itself."""
    return name.removeprefix("footfall").removeprefix(".").partition(".")[0]


def tracked_files() -> list[Path]:
    """Every file of the tree that a commit holds, or would hold."""
    found = []
    for directory, names, files in os.walk(ROOT):
        names[:] = sorted(set(names) - NOT_OURS)
        found += [Path(directory, file) for file in sorted(files)]
    return [
        path
        for path in found
        # A worktree's `.git` is a file.
        if not path.name.startswith(".coverage") and path.name != ".git"
    ]


def python_files() -> list[Path]:
    return [path for path in tracked_files() if path.suffix == ".py"]


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def reference() -> str:
    return "\n".join(path.read_text() for path in sorted(REFERENCE.glob("*.md")))


@pytest.mark.parametrize("name", sorted(modules()))
def test_imports_point_one_way(name: str) -> None:
    """Command line -> web, connect -> visits -> counters -> errors; embedded stands alone."""
    part = part_of(name)
    imported = {part_of(other) for other in imports(name) if other in modules()}

    assert imported - {part} <= MAY_IMPORT[part]


@pytest.mark.parametrize("name", sorted(modules()))
def test_only_its_own_place_imports_a_dependency(name: str) -> None:
    imported = {other.partition(".")[0] for other in imports(name)}
    misplaced = {
        package
        for package in imported & ONLY_IN.keys()
        if not any(
            name == place or name.startswith(place + ".") for place in ONLY_IN[package]
        )
    }

    assert not misplaced


def test_only_roots_and_connect_know_the_embedded_engine() -> None:
    roots = ("embedded", "cli", "testing")
    outside = {name for name in modules() if part_of(name) not in roots}
    knowing = {
        name
        for name in outside
        if any(part_of(other) == "embedded" for other in imports(name))
    }
    of_the_command_line = {
        other
        for name in modules()
        if part_of(name) == "cli"
        for other in imports(name)
        if other in modules() and part_of(other) == "embedded"
    }

    assert knowing == {"footfall.connect"}
    assert of_the_command_line <= {
        "footfall.embedded",
        "footfall.embedded.seed",
        "footfall.embedded.server",
    }


def test_the_library_imports_neither_boto3_nor_a_web_framework() -> None:
    """A program that counts on its own client starts without waiting for ours."""
    program = (
        "import json, sys; before = {*sys.modules}; import footfall;"
        "print(json.dumps([*sys.modules.keys() - before]))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in json.loads(printed.stdout)}

    assert "footfall" in loaded
    assert not loaded & {*ONLY_IN, "anyio", "httptools", "uvloop"}


def test_no_module_is_dead() -> None:
    """Each is imported, at some remove, by what a user starts or imports."""
    alive: set[str] = set()
    found = set(ENTRY_POINTS & modules().keys())
    while found:
        name = found.pop()
        alive.add(name)
        packages = {name.rsplit(".", depth)[0] for depth in range(name.count(".") + 1)}
        found |= ((imports(name) | packages) & modules().keys()) - alive

    assert sorted(modules().keys() - alive) == []


def test_no_static_file_or_template_is_dead() -> None:
    """Each is named by a module or a template, or lies beside a vendored file."""
    kept = [
        path
        for folder in ("static", "templates")
        for path in (PACKAGE / "web" / folder).rglob("*")
        if path.is_file() and "vendor" not in path.parts
    ]
    sources = {path: path.read_text() for path in (*PACKAGE.rglob("*.py"), *kept)}
    unnamed = [
        relative(path)
        for path in kept
        if not any(
            path.name in text for other, text in sources.items() if other != path
        )
    ]

    assert unnamed == []


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_functions_fit_on_a_screen() -> None:
    long = [
        f"{relative(path)}:{function.lineno} {function.name}"
        for path in python_files()
        for function in functions(path)
        if (function.end_lineno or 0) - function.lineno >= FUNCTION_LINES_MAX
    ]

    assert long == []


def test_files_are_short() -> None:
    long = {
        relative(path): lines
        for path in tracked_files()
        if path.suffix in {".css", ".html", ".js", ".py"} and "vendor" not in path.parts
        if (lines := len(path.read_text().splitlines())) > FILE_LINES_MAX
    }

    assert long == {}


def test_sql_is_in_one_place() -> None:
    found = {
        name
        for name, module in modules().items()
        if any(SQL.search(text) for text in strings(module))
    }

    assert found == {"footfall.embedded.storage", "footfall.embedded.statements"}


def test_no_file_names_a_machine_or_a_registry() -> None:
    """What works only where it was written does not work in a fresh clone."""
    found = [
        f"{relative(path)}:{number} {line.strip()[:80]}"
        for path in tracked_files()
        for number, line in enumerate(
            path.read_text(errors="replace").splitlines(), start=1
        )
        if FOREIGN.search(line)
    ]

    assert found == []


def test_no_merge_was_left_half_done() -> None:
    """Two sides' lines, both in the file, with the marks between them."""
    found = [
        f"{relative(path)}:{number}"
        for path in tracked_files()
        for number, line in enumerate(
            path.read_text(errors="replace").splitlines(), start=1
        )
        if line.startswith(("<" * 7 + " ", ">" * 7 + " "))
    ]

    assert found == []


def test_no_test_is_skipped() -> None:
    """A part that is missing fails the tests that need it."""
    skip = re.compile(
        r"\b(mark\.(skip|skipif|xfail)|import" + r"orskip|pytest\.skip)\b"
    )
    found = [
        relative(path)
        for path in (ROOT / "tests").rglob("*.py")
        if path != Path(__file__) and skip.search(path.read_text())
    ]

    assert found == []


def test_every_error_is_public_and_in_the_tree_that_opens_its_file() -> None:
    """The tree is drawn as the classes are: each below its base, once."""
    classes = {
        name: value
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    drawn: dict[str, str] = {}
    above: list[tuple[int, str]] = [(-1, "Exception")]
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"[ │├└─]*?\b(\w+Error)\b(?=  |$)", line):
            column = match.start(1)
            above = [entry for entry in above if entry[0] < column]
            drawn[match[1]] = above[-1][1]
            above.append((column, match[1]))

    assert drawn == {name: value.__mro__[1].__name__ for name, value in classes.items()}
    assert classes.keys() <= set(footfall.__all__)


def test_exported_names_exist_and_are_sorted() -> None:
    for name in footfall.__all__:
        assert hasattr(footfall, name)
    assert footfall.__all__ == sorted(footfall.__all__)


def test_every_exported_name_is_documented() -> None:
    quoted = " ".join(re.findall(r"`[^`\n]+`", reference()))
    missing = [
        name for name in footfall.__all__ if not re.search(rf"\b{name}\b", quoted)
    ]

    assert missing == []


def routes() -> set[str]:
    """The paths in the table of routes, and those looked for before it."""
    table = ast.walk(modules()["footfall.web.app"])
    calls = [node for node in table if isinstance(node, ast.Call)]
    return {VISITS_PATH, PIXEL_PATH} | {
        str(path.value)
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "Route"
        if isinstance(path := call.args[0], ast.Constant)
    }


def test_every_route_is_documented() -> None:
    """A path's variable may be written {name} or NAME."""
    text = re.sub(r"\{\w+\}|\b[A-Z]+\b", "{}", (REFERENCE / "http.md").read_text())
    missing = [
        path for path in sorted(routes()) if re.sub(r"\{\w+\}", "{}", path) not in text
    ]

    assert len(routes()) > 10
    assert missing == []


def commands(
    command: click.Command, path: str = "footfall"
) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None, name
            yield from commands(below, f"{path} {name}")


def test_every_command_and_option_is_documented() -> None:
    text = (REFERENCE / "cli.md").read_text()
    missing = [path for path, _ in commands(cli) if path not in text]
    missing += [
        f"{path} {option.opts[0]}"
        for path, command in commands(cli)
        for option in command.params
        if isinstance(option, click.Option) and option.opts[0] not in text
    ]

    assert len(list(commands(cli))) > 10
    assert missing == []


def test_every_decision_is_in_the_index() -> None:
    directory = ROOT / "docs" / "decisions"
    index = (directory / "README.md").read_text()
    pages = {path.name for path in directory.glob("[0-9]*.md")}

    assert set(re.findall(r"\(([^)]+\.md)\)", index)) == pages


def test_the_version_is_said_once_and_the_same() -> None:
    project = (ROOT / "pyproject.toml").read_text()

    assert f'version = "{footfall.__version__}"' in project
