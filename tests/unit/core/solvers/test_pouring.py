"""The compiled loop by itself: what it takes, what it refuses, and where its code may be kept."""

import numpy as np
import pytest
from numba.core import caching

from polyarb.core.solvers import pouring

MICROS = 10**6
ATTO = 10**12
TOKENS = 10 * MICROS


def test_two_markets_worked_by_hand() -> None:
    """.40 x 10 and .50 x 30 against .45 x 10: ten sets at 85 cents, then nothing at 95."""
    first = pouring.encoded([0, 0, 2, 400_000, TOKENS, 500_000, 3 * TOKENS])
    second = pouring.encoded([0, 0, 1, 450_000, TOKENS])

    poured = pouring.pour([first, second], exhaustive=True)

    assert poured == (
        150_000 * TOKENS * ATTO,
        TOKENS,
        [[500_000 * ATTO, 1, 0, 0], [500_000 * ATTO, 1, 0, 0]],
    )


def test_no_set_worked_by_hand() -> None:
    """Bids of .60 x 10 and .50 x 20 where one may win: ten NO of each net 10 cents a pair."""
    first = pouring.encoded([0, 1, 0, 600_000, TOKENS])
    second = pouring.encoded([0, 1, 0, 500_000, 2 * TOKENS])

    poured = pouring.pour([first, second], exhaustive=False)

    assert poured == (
        100_000 * TOKENS * ATTO,
        -TOKENS,
        [[500_000 * ATTO, 0, 1, 0], [500_000 * ATTO, 0, 0, -TOKENS]],
    )


@pytest.mark.parametrize(
    "level",
    [(0, TOKENS), (MICROS, TOKENS), (-1, TOKENS), (500_000, 0), (500_000, -1), (500_000, 2**61)],
)
def test_level_beyond_the_loop_is_refused(level: tuple[int, int]) -> None:
    """Where 64 bits or the meaning of a level would not hold, there is no answer."""
    markets = [pouring.encoded([0, 0, 1, *level])]

    assert pouring.pour(markets, exhaustive=True) is None


def test_sizes_are_bounded_in_all_books_together() -> None:
    """Two books of half the bound fit, one micro more does not."""
    half = pouring.SIZE_SUM_MAX // 2
    markets = [[0, 0, 1, 400_000, half], [0, 0, 1, 400_000, half]]
    over = [markets[0], [0, 0, 1, 400_000, half + 1]]

    assert pouring.pour([pouring.encoded(m) for m in over], exhaustive=True) is None
    assert pouring.pour([pouring.encoded(m) for m in markets], exhaustive=True) == (
        200_000 * half * ATTO,
        half,
        [[600_000 * ATTO, 1, 0, 0], [400_000 * ATTO, 0, 0, half]],
    )


def test_number_beyond_64_bits_is_an_overflow() -> None:
    """It is not wrapped around."""
    with pytest.raises(OverflowError):
        pouring.encoded([0, 0, 1, 500_000, 2**63])


def test_loop_compiles_where_no_folder_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a read-only root file system the machine code stays in memory."""
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    rows = np.empty((2, 4), np.int64)

    compiled = pouring.kernel.__wrapped__()

    assert compiled(np.array([0, 0, 1, 400_000, 5], np.int64), True, rows)
    assert rows[0, 0] == 5
