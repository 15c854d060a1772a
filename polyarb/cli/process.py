"""Child processes that die with us."""

import asyncio
import shutil
import signal
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from polyarb.cli.plan import Launch

_LINE_BYTES_MAX: Final = 1 << 20
_LAST_LINES: Final = 8

TakeLine = Callable[[str, str], None]
"""Is given a process's name and one line of its output."""


def dying_with_us(argv: tuple[str, ...], *, stop_signal: int) -> tuple[str, ...]:
    """Return the command wrapped so that it gets the signal when this process dies.

    Without setpriv, on other systems than Linux, the child outlives a killed parent.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None or argv[0].endswith("setpriv"):
        return argv
    name = signal.Signals(stop_signal).name.removeprefix("SIG")
    return (setpriv, "--pdeathsig", name, "--", *argv)


class Child:
    """One process that can be started again after it ended."""

    def __init__(self, launch: Launch, *, take_line: TakeLine) -> None:
        self.launch = launch
        self.up = False
        self.stopping = False
        self.last_lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._take_line = take_line
        self._process: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        """Return whether it was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it in a session of its own, so that a terminal's Ctrl-C reaches only us."""
        with self._output() as out:
            self._process = await asyncio.create_subprocess_exec(
                *dying_with_us(self.launch.argv, stop_signal=self.launch.stop_signal),
                env=dict(self.launch.env),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                limit=_LINE_BYTES_MAX,
            )

    async def wait(self) -> int:
        """Forward its output until it ends; returns the exit code, negative for a signal."""
        assert self._process is not None, "not started"
        if self._process.stdout is not None:
            await self._forward(self._process.stdout)
        return await self._process.wait()

    async def stop(self) -> None:
        """Ask it to end, wait, and kill it if it takes too long. Harmless when it has ended."""
        self.stopping = True
        process = self._process
        if process is None:
            return
        self._send(self.launch.stop_signal)
        try:
            async with asyncio.timeout(self.launch.stop_s):
                await process.wait()
        except TimeoutError:
            self._take_line(self.launch.name, f"{self.launch.name} did not stop: it is killed")
            self._send(signal.SIGKILL)
            await process.wait()

    async def kill(self) -> None:
        """End it now and wait until it is gone."""
        self.stopping = True
        self._send(self.launch.kill_signal)
        if self._process is not None:
            await self._process.wait()

    def _send(self, number: int) -> None:
        if self.running:
            assert self._process is not None
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    @contextmanager
    def _output(self) -> Iterator[int]:
        if not self.launch.log_file:
            yield asyncio.subprocess.PIPE
            return
        with Path(self.launch.log_file).open("ab") as file:
            yield file.fileno()

    async def _forward(self, output: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await output.readline()
            except ValueError:
                line = b"(a line of more than 1 MiB was left out)\n"
            if not line:
                return
            text = line.decode(errors="replace").rstrip("\n")
            self.last_lines.append(text)
            self._take_line(self.launch.name, text)


def describe_exit(code: int) -> str:
    """Return an exit code for people: "exit code 3", "signal SIGKILL"."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
