"""Processes that are kept running."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from polyarb.cli import crew as crew_module
from polyarb.cli.crew import Crew, StartFailed
from polyarb.cli.plan import Launch

SLEEPER = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"


@pytest.fixture(autouse=True)
def _quick_restarts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew_module, "_RESTART_DELAY_S", 0.01)


class Seen:
    """The pids that a process printed, one for each start."""

    def __init__(self) -> None:
        self.pids: list[int] = []

    def take(self, _: str, line: str) -> None:
        if line.isdigit():
            self.pids.append(int(line))

    async def started(self, count: int) -> bool:
        async with asyncio.timeout(20):
            while len(self.pids) < count:  # noqa: ASYNC110 - another process's doing
                await asyncio.sleep(0.01)
        return True

    async def has_started(self) -> bool:
        return bool(self.pids)


@asynccontextmanager
async def _crew(seen: Seen) -> AsyncIterator[Crew]:
    async with asyncio.TaskGroup() as group:
        crew = Crew(group, take_line=seen.take)
        try:
            yield crew
        finally:
            await crew.kill_all()


def _launch(code: str = SLEEPER, *, restarts: bool = True) -> Launch:
    return Launch(name="x", argv=(sys.executable, "-c", code), env={}, restarts=restarts)


async def test_killed_process_is_started_again() -> None:
    """A death is repaired without anybody's help."""
    seen = Seen()
    async with _crew(seen) as crew:
        await crew.start(_launch(), seen.has_started)
        os.kill(seen.pids[0], signal.SIGKILL)
        await seen.started(2)

        assert not crew.lost.is_set()


async def test_sixth_death_loses_the_process() -> None:
    """After five restarts in a minute the run is told, with the reason."""
    seen = Seen()
    async with _crew(seen) as crew:
        await crew.start(_launch(), seen.has_started)
        for death in range(6):
            await seen.started(death + 1)
            os.kill(seen.pids[death], signal.SIGKILL)
        async with asyncio.timeout(20):
            await crew.lost.wait()

        assert len(seen.pids) == 6
        assert crew.loss == (
            "x ended with signal SIGKILL: it was started again 5 times in 60 s already"
        )


async def test_irreplaceable_process_is_not_started_again() -> None:
    """A simulated venue that died took every wallet with it."""
    seen = Seen()
    async with _crew(seen) as crew:
        await crew.start(_launch(restarts=False), seen.has_started)
        os.kill(seen.pids[0], signal.SIGKILL)
        async with asyncio.timeout(20):
            await crew.lost.wait()

        assert len(seen.pids) == 1


@pytest.mark.parametrize(
    ("code", "words"), [(1, "never came up"), (2, "settings are not valid"), (3, "--ports auto")]
)
async def test_process_that_never_came_up_says_why(code: int, words: str) -> None:
    """Its exit code becomes the run's; nothing is retried."""
    seen = Seen()
    async with _crew(seen) as crew:
        with pytest.raises(StartFailed, match=words) as caught:
            await crew.start(_launch(f"import sys; sys.exit({code})"), seen.has_started)

        assert caught.value.code == code


async def test_silent_process_is_given_up() -> None:
    """Starting has a deadline."""
    seen = Seen()
    async with _crew(seen) as crew:
        with pytest.raises(StartFailed, match=r"does not answer after 0\.2 s"):
            await crew.start(_launch("import time; time.sleep(60)"), _never, within_s=0.2)


async def _never() -> bool:
    return False


async def test_stopped_process_stays_down() -> None:
    """Stopping is not a death."""
    seen = Seen()
    async with _crew(seen) as crew:
        await crew.start(_launch(), seen.has_started)
        await crew.stop("x")
        await asyncio.sleep(0.1)

        assert not crew.children["x"].running
        assert len(seen.pids) == 1
        assert not crew.lost.is_set()


async def test_failed_step_is_told_with_its_exit_code() -> None:
    """A migration that fails ends the start."""
    async with _crew(Seen()) as crew:
        with pytest.raises(StartFailed, match="x ended with exit code 4"):
            await crew.run_to_end(_launch("import sys; sys.exit(4)"))
