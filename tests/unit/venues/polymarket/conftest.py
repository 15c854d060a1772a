"""What the tests of the venue's protocol share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of recorded and golden data; tests that need it are skipped without it."""
    folder = os.environ.get("POLYARB_RECORDINGS", "")
    if not folder:
        pytest.skip("POLYARB_RECORDINGS is not set: no recorded data")
    return Path(folder)
