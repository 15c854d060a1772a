"""What every suite may ask for."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from loguru import logger


@pytest.fixture(autouse=True)
def _no_logs_left_behind() -> Iterator[None]:
    """A test that sends logs to its captured output leaves no sink that is closed afterwards."""
    yield
    logger.remove()


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Return the folder of real venue recordings; the test is skipped where there is none.

    They are large and under their owners' licences, so they live outside the repository. The gate
    sets POLYARB_RECORDINGS and fails without the folder; a wrong path is an error here too.
    """
    named = os.environ.get("POLYARB_RECORDINGS")
    if not named:
        pytest.skip("POLYARB_RECORDINGS names no folder of recordings")
    folder = Path(named).resolve()
    assert folder.is_dir(), f"POLYARB_RECORDINGS: no folder {folder}"
    return folder
