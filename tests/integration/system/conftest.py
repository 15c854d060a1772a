"""Rigs, and what their processes printed when a test of theirs has failed."""

import asyncio
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from integration.postgres import Server, create_database
from integration.system.rig import Rig

_SHOWN = 12_000
_FAILED = pytest.StashKey[bool]()

NewRig = Callable[..., Rig]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of every process's output under a failure."""
    del call
    report = yield
    rig: Any = getattr(item, "funcargs", {}).get("rig")
    if report.failed and isinstance(rig, Rig):
        item.stash[_FAILED] = True
        for child in rig.children.values():
            report.sections.append((f"{child.name} printed", _without_sweeps(child.text)[-_SHOWN:]))
    return report


@pytest.fixture(scope="module")
def new_rig(postgres_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewRig]:
    """Start systems on databases of their own; they are killed when the module ends."""
    rigs: list[Rig] = []

    def start(*, seed: int = 7) -> Rig:
        folder: Path = tmp_path_factory.mktemp("rig")
        url = asyncio.run(create_database(postgres_server, template="ledger_template"))
        rigs.append(Rig(folder, url, seed=seed))
        rigs[-1].start()
        return rigs[-1]

    yield start
    for rig in rigs:
        rig.stop()


class _Stage:
    """The rig that a module's tests share, replaced when a test failed or used it up."""

    def __init__(self, new_rig: NewRig) -> None:
        self._new_rig = new_rig
        self._rig: Rig | None = None

    def rig(self) -> Rig:
        self._rig = self._rig or self._new_rig()
        return self._rig

    def discard(self) -> None:
        if self._rig is not None:
            self._rig.stop()
            self._rig = None


@pytest.fixture(scope="module")
def stage(new_rig: NewRig) -> _Stage:
    """Keep one rig for a module."""
    return _Stage(new_rig)


@pytest.fixture
def rig(stage: _Stage, request: pytest.FixtureRequest) -> Iterator[Rig]:
    """The module's system."""
    rig = stage.rig()
    yield rig
    if rig.spent or request.node.stash.get(_FAILED, False):
        stage.discard()


def _without_sweeps(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if "scan cycle" not in line)
