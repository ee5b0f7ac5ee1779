"""The command line: the composition root, where settings and errors meet the outside.

A setting comes from its flag, else from the environment (`FOOTFALL_STORE` and so on),
else it has its default; nothing below this package reads the environment. An error is
one line on standard error that says what to do, and an exit status:

    0   done
    1   not done, or `verify` found differences
    2   the command, a flag or a value is not valid

Commands are imported when they are called: `footfall --version` waits for nothing.
"""

import sys
from importlib import import_module
from typing import Any

import click

from footfall import __version__
from footfall.cli.options import Options, root_options
from footfall.cli.output import escaped
from footfall.errors import FootfallError, InvalidInputError

DONE, FAILED, WRONG_USAGE = 0, 1, 2

# The first class that the error is an instance of decides.
_STATUSES: tuple[tuple[type[FootfallError], int], ...] = (
    (InvalidInputError, WRONG_USAGE),
    (FootfallError, FAILED),
)

_COMMANDS = {
    "serve": "footfall.cli.serve",
    "dynamodb": "footfall.cli.dynamodb",
    "sites": "footfall.cli.sites",
    "password": "footfall.cli.password",
    "token": "footfall.cli.token",
    "hit": "footfall.cli.visits",
    "stats": "footfall.cli.stats",
    "watch": "footfall.cli.watch",
    "verify": "footfall.cli.visits",
    "counters": "footfall.cli.counters",
    "export": "footfall.cli.transfer",
    "import": "footfall.cli.transfer",
    "copy": "footfall.cli.copying",
    "backup": "footfall.cli.backup",
    "restore": "footfall.cli.backup",
    "tables": "footfall.cli.tables",
    "doctor": "footfall.cli.doctor",
    "cost": "footfall.cli.cost",
}

_ATTRIBUTES = {"import": "import_"}  # a word of Python's own


class _Commands(click.Group):
    """Imports a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which a newcomer needs them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, None if there is none."""
        module = _COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = getattr(
            import_module(module), _ATTRIBUTES.get(cmd_name, cmd_name)
        )
        return command


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with `footfall serve`, and open the page that it names.",
)
@click.version_option(__version__, message="footfall %(version)s")
@root_options
@click.pass_context
def cli(ctx: click.Context, /, **settings: Any) -> None:
    """Count visits to websites, each exactly once.

    A STORE is a file (footfall.db unless told), ":memory:", "dynamodb:" for Amazon
    DynamoDB by boto3's own configuration, or "dynamodb:http://127.0.0.1:8000".
    """
    ctx.obj = Options.of(settings)


def main() -> None:
    """Run the command line and end the process with its status."""
    for stream in (sys.stdout, sys.stderr):
        # A page's name in letters that the terminal lacks is shown, not a failure.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; its exit status."""
    try:
        status = cli.main(arguments, prog_name="footfall", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as help_asked_for:
        help_asked_for.show()
        return WRONG_USAGE
    except click.UsageError as error:
        _complain(_usage_error(error))
        return WRONG_USAGE
    except click.Abort as stop:
        # click's own word for Ctrl+C, and for a question that was answered no.
        if isinstance(stop.__cause__, KeyboardInterrupt):
            _complain("interrupted, perhaps half-way; look before you run it again")
        else:
            _complain("stopped; nothing was changed")
        return FAILED
    except FootfallError as error:
        _complain(str(error))
        return next(status for kind, status in _STATUSES if isinstance(error, kind))
    return status if isinstance(status, int) else DONE


def _usage_error(error: click.UsageError) -> str:
    command = error.ctx.command_path if error.ctx else "footfall"
    return f"{error.format_message().rstrip('.')}; see `{command} --help`"


def _complain(message: str) -> None:
    click.echo(f"footfall: {escaped(message)}", err=True)
