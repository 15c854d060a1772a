"""Child processes that die with us."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from polyarb.cli.plan import Launch
from polyarb.cli.process import Child, describe_exit

STUBBORN = (
    "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
)
PARENT = """
import asyncio, sys
from polyarb.cli.plan import Launch
from polyarb.cli.process import Child

async def main():
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    launch = Launch(name="x", argv=(sys.executable, "-c", code), env={})
    child = Child(launch, take_line=lambda name, line: print(line, flush=True))
    await child.start()
    await child.wait()

asyncio.run(main())
"""


def _launch(code: str, *, stop_s: float = 10.0, log_file: str = "") -> Launch:
    env: Mapping[str, str] = {}
    argv = (sys.executable, "-c", code)
    return Launch(name="x", argv=argv, env=env, stop_s=stop_s, log_file=log_file)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - another process's doing
            await asyncio.sleep(0.02)


async def test_output_is_passed_on_line_by_line() -> None:
    """Both outputs, in order, with the last lines kept."""
    lines: list[str] = []
    code = "import sys; print('a'); sys.stdout.flush(); sys.stderr.write('b'); sys.exit(3)"
    child = Child(_launch(code), take_line=lambda _, line: lines.append(line))
    await child.start()

    assert await child.wait() == 3
    assert lines == list(child.last_lines) == ["a", "b"]


async def test_endless_line_is_left_out_and_said() -> None:
    """A line beyond the bound neither fills memory nor ends the forwarding."""
    lines: list[str] = []
    code = "import sys; sys.stdout.write('x' * (3 << 20) + '\\nafter\\n')"
    child = Child(_launch(code), take_line=lambda _, line: lines.append(line))
    await child.start()
    await child.wait()

    assert "left out" in lines[0]
    assert lines[-1] == "after"


async def test_process_that_ignores_the_signal_is_killed() -> None:
    """Stopping ends, whatever the child does."""
    lines: list[str] = []
    child = Child(_launch(STUBBORN, stop_s=0.2), take_line=lambda _, line: lines.append(line))
    await child.start()
    async with asyncio.TaskGroup() as group:
        ended = group.create_task(child.wait())
        await _until(lambda: bool(lines))
        await child.stop()

    assert ended.result() == -signal.SIGKILL
    assert "did not stop" in lines[-1]
    assert not child.running


async def test_output_goes_to_a_file_when_asked(tmp_path: Path) -> None:
    """Postgres keeps its own log."""
    lines: list[str] = []
    file = tmp_path / "log"
    launch = _launch("print('quiet')", log_file=str(file))
    child = Child(launch, take_line=lambda _, line: lines.append(line))
    await child.start()
    await child.wait()

    assert file.read_text() == "quiet\n"
    assert lines == []


async def test_child_dies_with_a_killed_parent() -> None:
    """kill -9 of the supervisor leaves nothing behind."""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    parent.kill()
    await parent.wait()

    await _until(lambda: not _runs(pid))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A container's first process may never collect the dead.
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def test_exits_are_told_by_name() -> None:
    """A number alone would have to be looked up."""
    assert [describe_exit(code) for code in (3, -9, -15, -99)] == [
        "exit code 3", "signal SIGKILL", "signal SIGTERM", "signal 99",
    ]  # fmt: skip
