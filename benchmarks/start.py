"""Start to first answer, and idle memory, of the servers that a user starts."""

import sys
import tempfile
from pathlib import Path

from benchmarks.servers import footfall_dynamodb, free_port, started
from benchmarks.tables import Figures, median_rows
from tests.dynamodb_local import command as dynamodb_local

OURS = "footfall serve"


def measure(runs: int) -> str:
    """The table: seconds to the first answer, and MB of resident memory then."""
    figures: Figures = {}
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder)
            store = str(path / "serve.db")
            port = free_port()
            serve = [sys.executable, "-m", "footfall", "serve", "--store", store]
            for name, command in (
                (OURS, [*serve, "--port", str(port)]),
                ("footfall dynamodb", footfall_dynamodb(port, str(path / "d.db"))),
                ("DynamoDB Local, on disk", dynamodb_local(port, path)),
            ):
                with started(command, port) as server:
                    figures.setdefault(name, []).append(
                        {
                            "start s": server.start_seconds,
                            "idle MB": server.memory_mb(),
                        }
                    )
    return median_rows(figures, ratio_of="start s", reference=OURS)
