"""What kind of file it is: told, or seen from its first line."""

from footfall.errors import InvalidInputError
from footfall.transfer import (
    day_totals,
    goatcounter,
    goatcounter_stats,
    plausible,
    umami,
)
from footfall.transfer.access_logs import is_log_line
from footfall.transfer.document import is_header

# In the order in which they are listed.
FORMATS = (
    *("auto", "combined", "common", "jsonl", "goatcounter", "umami", "plausible"),
    *("csv", "footfall"),
)


def format_of(first: bytes, table: str = "") -> str:
    """The format of a file with this first line.

    Args:
        first: The line.
        table: What the file is called in an export of several; "" elsewhere.

    Raises:
        InvalidInputError: Nobody can tell.
    """
    text = first.decode("utf-8", "replace").lstrip("\ufeff")
    if table in goatcounter_stats.FILES:
        return "goatcounter"
    if is_header(first):
        return "footfall"
    if text.lstrip().startswith("{"):
        return "jsonl"
    if goatcounter.is_export(text):
        return "goatcounter"
    header = text.strip().replace('"', "").split(",")
    if umami.columns_of(header) is not None:
        return "umami"
    if plausible.table_of(header) is not None:
        return "plausible"
    if day_totals.columns_of(header) is not None:
        return "csv"
    if is_log_line(text):
        return "combined"  # a common log is one whose lines end sooner
    raise InvalidInputError(
        "format",
        "cannot be told from the file's first line; say --format"
        f" {', '.join(FORMATS[1:-1])} or {FORMATS[-1]}",
    )
