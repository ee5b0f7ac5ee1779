"""Server processes under test: started, awaited, terminated, killed.

What a process prints goes to a file, never to a pipe that nobody empties. A process
that does not start, or does not end cleanly, fails its test with that file's end.
"""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

START_SECONDS = 30
STOP_SECONDS = 20
POLL_SECONDS = 0.02
LOG_TAIL_CHARACTERS = 4_000

# The script that installing the package makes: what a user runs is what is tested.
FOOTFALL = str(Path(sys.executable).with_name("footfall"))


def free_port() -> int:
    """A loopback TCP port that nobody listened on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """One process that serves HTTP on a loopback port.

    Entered, it runs and answers; left, it was sent SIGTERM and ended cleanly, unless
    the test ended it before. After `kill` or `terminate`, `start` runs it again.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        port: int,
        log: Path,
        environment: Mapping[str, str] | None = None,
        start_seconds: float = START_SECONDS,
        clean_exit: int = 0,
    ) -> None:
        self.command = list(command)
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._log = log
        self._environment = {**os.environ, **(environment or {})}
        self._start_seconds = start_seconds
        self._clean_exit = clean_exit
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process is None:
            return
        if exc_type is None:
            self.terminate()
        else:  # a failed test's own error is the one to show
            self.kill()

    @property
    def pid(self) -> int:
        """The number of the running process."""
        return self._running().pid

    @property
    def output(self) -> str:
        """What all runs have printed, to standard output and standard error."""
        return self._log.read_text(errors="replace")

    def start(self) -> None:
        """Start the process and return when it answers HTTP.

        Raises:
            RuntimeError: It ended, or did not answer in time.
        """
        assert self._process is None, "it runs already"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + self._start_seconds
        while not _answers(self.port):
            status = self._process.poll()
            if status is not None:
                self._process = None
                raise RuntimeError(self._report(f"ended with {status} at its start"))
            if time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(
                    self._report(f"did not answer in {self._start_seconds} s")
                )
            time.sleep(POLL_SECONDS)

    def kill(self) -> None:
        """SIGKILL: the process ends at once, as when power fails."""
        process = self._running()
        process.kill()
        process.wait()
        self._process = None

    def terminate(self, stop_signal: signal.Signals = signal.SIGTERM) -> None:
        """Ask the process to end, and see that it ends cleanly.

        Raises:
            RuntimeError: It did not end in time, or not cleanly.
        """
        process = self._running()
        process.send_signal(stop_signal)
        try:
            status = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired as error:
            self.kill()
            message = self._report(f"still ran {STOP_SECONDS} s after its signal")
            raise RuntimeError(message) from error
        self._process = None
        if status != self._clean_exit:
            raise RuntimeError(self._report(f"ended with {status}"))
        if "Traceback (most recent call last)" in self.output:
            raise RuntimeError(self._report("printed a traceback"))

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "it does not run"
        return self._process

    def _report(self, what: str) -> str:
        return (
            f"`{' '.join(self.command)}` {what}; it printed:\n"
            f"{self.output[-LOG_TAIL_CHARACTERS:]}"
        )


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
