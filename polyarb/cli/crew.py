"""The processes of a run: started in order, restarted when they die, stopped in order."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from loguru import logger

from polyarb.cli.plan import Launch
from polyarb.cli.process import Child, TakeLine, describe_exit
from polyarb.cli.restarts import RESTARTS_MAX, WINDOW_S, RestartBudget
from polyarb.core.errors import PolyarbError

_POLL_S: Final = 0.05
_RESTART_DELAY_S: Final = 0.5
_FINAL_CODES: Final = {2: "its settings are not valid", 3: "its port is in use"}


class StartFailed(PolyarbError):
    """A process did not come up. `code` is what the whole run should exit with."""

    def __init__(self, message: str, *, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


class Crew:
    """Keeps processes running. `lost` is set, and `loss` says why, when one cannot be kept."""

    def __init__(self, group: asyncio.TaskGroup, *, take_line: TakeLine) -> None:
        self.lost = asyncio.Event()
        self.loss = ""
        self.children: dict[str, Child] = {}
        self._group = group
        self._take_line = take_line
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._began_s: dict[str, float] = {}

    async def start(
        self, launch: Launch, is_up: Callable[[], Awaitable[bool]], *, within_s: float = 30.0
    ) -> None:
        """Start a process, wait until it answers, and keep it from then on. Raises StartFailed."""
        await self.spawn(launch)
        await self.until_up(launch.name, is_up, within_s=within_s)

    async def spawn(self, launch: Launch) -> None:
        """Start a process. It is kept once `until_up` has seen it answer."""
        child = Child(launch, take_line=self._take_line)
        self.children[launch.name] = child
        self._began_s[launch.name] = asyncio.get_running_loop().time()
        await child.start()
        self._keepers[launch.name] = self._group.create_task(self._keep(child))

    async def until_up(
        self, name: str, is_up: Callable[[], Awaitable[bool]], *, within_s: float = 30.0
    ) -> None:
        """Wait until a process answers. Raises StartFailed when it ends or stays silent."""
        try:
            async with asyncio.timeout(within_s):
                while not await is_up():
                    if self._keepers[name].done():
                        raise _start_failed(self.loss)
                    await asyncio.sleep(_POLL_S)
        except TimeoutError as e:
            raise StartFailed(f"{name} does not answer after {within_s:g} s") from e
        self.children[name].up = True
        took_s = asyncio.get_running_loop().time() - self._began_s[name]
        logger.info("{} is up after {:.1f} s", name, took_s)

    async def run_to_end(self, launch: Launch) -> None:
        """Run a process that ends by itself. Raises StartFailed unless it ends with 0."""
        child = Child(launch, take_line=self._take_line)
        self.children[launch.name] = child
        await child.start()
        code = await child.wait()
        del self.children[launch.name]
        if code:
            raise StartFailed(f"{launch.name} ended with {describe_exit(code)}")

    async def stop(self, name: str) -> None:
        """Stop one process and wait until it is gone."""
        child = self.children.get(name)
        if child is not None and child.running:
            logger.info("stopping {}", name)
            await child.stop()
        keeper = self._keepers.pop(name, None)
        if keeper is not None:
            if child is not None:
                child.stopping = True
            await asyncio.wait([keeper], timeout=2 * _RESTART_DELAY_S)
            keeper.cancel()

    async def kill_all(self) -> None:
        """End everything that still runs, at once."""
        for child in self.children.values():
            await child.kill()
        for keeper in self._keepers.values():
            keeper.cancel()

    async def _keep(self, child: Child) -> None:
        budget = RestartBudget()
        name = child.launch.name
        while True:
            code = await child.wait()
            if child.stopping:
                return
            attempt = budget.spend(asyncio.get_running_loop().time())
            why = _not_restarted(child, code, attempt)
            if why:
                self.loss = f"{name} ended with {describe_exit(code)}: {why}"
                logger.critical("{}", self.loss)
                self.lost.set()
                return
            logger.error(
                "{} ended with {}; it is started again (restart {} of at most {} in {:g} s)",
                name,
                describe_exit(code),
                attempt,
                RESTARTS_MAX,
                WINDOW_S,
            )
            await asyncio.sleep(_RESTART_DELAY_S)
            if child.stopping:
                return
            await child.start()


def _not_restarted(child: Child, code: int, attempt: int) -> str:
    if not child.up:
        return _FINAL_CODES.get(code, "it never came up")
    if not child.launch.restarts:
        return "it cannot be started again in the middle of a run"
    if attempt == 0:
        return f"it was started again {RESTARTS_MAX} times in {WINDOW_S:g} s already"
    return ""


def _start_failed(loss: str) -> StartFailed:
    code = next((c for c, text in _FINAL_CODES.items() if text in loss), 1)
    hint = "; stop what uses it, or give --ports auto" if code == 3 else ""
    return StartFailed(f"{loss}{hint}", code=code)
