"""The inner loop of `polyarb.core.arbitrage.find`, compiled: exact, in 64-bit integers.

What it reads is one flat sequence of numbers, market after market: the fee rate, the number of
bids, the number of asks, then price and size of every bid and of every ask, best first.

A point is an ask's or a bid's worth after fees in 1e-18, so at most 2**60; sizes that add up to
at most `SIZE_SUM_MAX` keep every slope and every sum of sizes within 64 bits. Their products do not
fit, so profit is carried in three digits of base 2**30, whose products do.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final, TypeVar

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

Integers = NDArray[np.int64]
_F = TypeVar("_F", bound=Callable[..., Any])

SIZE_SUM_MAX: Final = 2**60
"""The most that may rest in all books of a group together: 1.15e12 outcome tokens."""

_ONE: Final = 10**18
_TO_ATTO: Final = 10**12
_MICROS: Final = 10**6
_DIGIT: Final = 30
_MASK: Final = 2**_DIGIT - 1

# A market's numbers: this header, its bids, its asks; a level is (price, size).
_RATE, _BIDS, _ASKS, _HEADER = 0, 1, 2, 3
_LEVEL: Final = 2

# Where the pouring of a market stands. Levels are named by the place of their price in the numbers;
# as the marginal rises past their points, bids are left from the worst and asks reached from the
# best: `_BID` is the worst bid not passed, `_ASK` the best ask not passed.
_FIRST_BID, _BID, _FIRST_ASK, _ASK, _END, _SLOPE, _MARGINAL = range(7)

_SIGNATURE: Final = types.boolean(
    types.Array(types.int64, 1, "C", readonly=True), types.boolean, types.Array(types.int64, 2, "C")
)

Row = list[int]
"""Of a market: its marginal, how many asks and how many bids are taken whole, and what is taken of
the level after them (above 0 of an ask, below 0 of a bid)."""

Kernel = Callable[[Integers, bool, Integers], bool]


def encoded(numbers: Sequence[int]) -> bytes:
    """Return a market's numbers as the loop reads them. Raises OverflowError beyond 64 bits."""
    return np.array(numbers, np.int64).tobytes()


def pour(markets: Sequence[bytes], *, exhaustive: bool) -> tuple[int, int, list[Row]] | None:
    """Return (profit in 1e-24, slope reached, a row per market); None for what it cannot hold.

    markets: each as `encoded` made it. exhaustive: one of them must win. None means that sizes add
    up to more than `SIZE_SUM_MAX`, that a size is not positive or a price not inside (0, 1).
    """
    rows = np.empty((len(markets) + 1, 4), np.int64)
    if not kernel()(np.frombuffer(b"".join(markets), np.int64), exhaustive, rows):
        return None
    (slope, low, middle, high), *found = rows.tolist()
    return (((high << _DIGIT) + middle) << _DIGIT) + low, slope, found


@cache
def kernel() -> Kernel:
    """Return the compiled loop; the first call compiles it, or loads what an earlier one left.

    Machine code is kept beside this file, in NUMBA_CACHE_DIR or in the user's cache folder. Where
    none of them can be written, as on a read-only root file system, memory alone keeps it.
    """
    try:
        compiled: Any = njit(_SIGNATURE, cache=True)(_pour)
    except (RuntimeError, OSError):
        compiled = njit(_SIGNATURE)(_pour)
    found: Kernel = compiled
    return found


def _part(function: _F) -> _F:
    """Return a function that the loop calls; it is compiled with the loop."""
    part: Any = njit()(function)
    inner: _F = part
    return inner


def _pour(numbers: Integers, exhaustive: bool, rows: Integers) -> bool:  # noqa: FBT001
    """Fill rows with (slope reached, three digits of the profit) and a `Row` per market."""
    points = np.empty(len(numbers), np.int64)
    state = np.empty((len(rows) - 1, 7), np.int64)
    if not _place(numbers, points, state):
        return False
    slope = _fill(numbers, points, state, exhaustive)
    rows[0, :] = 0
    rows[0, 0] = slope
    for market in range(len(state)):
        _take(numbers, points, state[market], rows[market + 1], rows[0])
    return True


@_part
def _place(numbers: Integers, points: Integers, state: Integers) -> bool:
    """Set every level's point and every market's start at probability 0; refuse what is unfit."""
    at, resting = 0, 0
    for market in range(len(state)):
        rate, bids, asks = numbers[at + _RATE], numbers[at + _BIDS], numbers[at + _ASKS]
        own = state[market]
        own[_FIRST_BID] = at + _HEADER
        own[_FIRST_ASK] = own[_ASK] = at + _HEADER + _LEVEL * bids
        own[_BID] = own[_FIRST_ASK] - _LEVEL
        own[_END] = own[_FIRST_ASK] + _LEVEL * asks
        own[_SLOPE] = own[_MARGINAL] = 0
        for level in range(own[_FIRST_BID], own[_END], _LEVEL):
            price, size = numbers[level], numbers[level + 1]
            if not (0 < price < _MICROS and 0 < size <= SIZE_SUM_MAX - resting):
                return False
            resting += size
            fee = rate * (_MICROS - price)
            if level < own[_FIRST_ASK]:
                points[level] = price * (_TO_ATTO - fee)
                own[_SLOPE] -= size
            else:
                points[level] = price * (_TO_ATTO + fee)
        at = own[_END]
    return True


@_part
def _fill(numbers: Integers, points: Integers, state: Integers, exhaustive: bool) -> int:  # noqa: FBT001
    """Pour 1.00 into the segments of the lowest slopes; return the slope reached.

    The markets wait in a heap by (slope of the next segment, index); slopes[i] is heap[i]'s.
    """
    heap, slopes, room = np.arange(len(state)), state[:, _SLOPE].copy(), _ONE
    for place in range(len(heap) // 2, -1, -1):
        _sink(heap, slopes, place)
    while True:
        market, slope = heap[0], slopes[0]
        if slope >= 0 and not exhaustive:
            return 0
        bid, ask = state[market, _BID], state[market, _ASK]
        bid_end, ask_end = state[market, _FIRST_BID], state[market, _END]
        bid_point = points[bid] if bid >= bid_end else _ONE
        point = min(bid_point, points[ask] if ask < ask_end else _ONE)
        length = point - state[market, _MARGINAL]
        if length >= room:
            state[market, _MARGINAL] += room
            reached: int = slope
            return reached
        room -= length
        while bid >= bid_end and points[bid] == point:
            slope += numbers[bid + 1]
            bid -= _LEVEL
        while ask < ask_end and points[ask] == point:
            slope += numbers[ask + 1]
            ask += _LEVEL
        state[market, _MARGINAL], state[market, _BID], state[market, _ASK] = point, bid, ask
        slopes[0] = slope
        _sink(heap, slopes, 0)


@_part
def _sink(heap: Integers, slopes: Integers, place: int) -> None:
    """Move what is at `place` of the heap down to where it belongs."""
    market, slope = heap[place], slopes[place]
    child = 2 * place + 1
    while child < len(heap):
        other = child + 1
        if other < len(heap) and _before(slopes[other], heap[other], slopes[child], heap[child]):
            child = other
        if _before(slope, market, slopes[child], heap[child]):
            break
        heap[place], slopes[place] = heap[child], slopes[child]
        place, child = child, 2 * child + 1
    heap[place], slopes[place] = market, slope


@_part
def _before(slope: int, market: int, other_slope: int, other: int) -> bool:
    return slope < other_slope or (slope == other_slope and market < other)


@_part
def _take(
    numbers: Integers, points: Integers, own: Integers, row: Integers, head: Integers
) -> None:
    """Fill the market's row and add its part of the profit to the digits in `head`."""
    marginal, missing = own[_MARGINAL], head[0]
    ask, bid = own[_FIRST_ASK], own[_FIRST_BID]
    while ask < own[_END] and points[ask] < marginal:
        _add_product(head, marginal - points[ask], numbers[ask + 1])
        missing -= numbers[ask + 1]
        ask += _LEVEL
    while bid < own[_FIRST_ASK] and points[bid] > marginal:
        _add_product(head, points[bid] - marginal, numbers[bid + 1])
        missing += numbers[bid + 1]
        bid += _LEVEL
    part = 0
    if missing > 0 and ask < own[_END] and points[ask] == marginal:
        part = min(missing, numbers[ask + 1])
    elif missing < 0 and bid < own[_FIRST_ASK] and points[bid] == marginal:
        part = -min(-missing, numbers[bid + 1])
    row[0] = marginal
    row[1] = (ask - own[_FIRST_ASK]) // _LEVEL
    row[2] = (bid - own[_FIRST_BID]) // _LEVEL
    row[3] = part


@_part
def _add_product(head: Integers, value: int, size: int) -> None:
    """Add value x size, both at most 2**60, to the digits head[1] (lowest), head[2], head[3]."""
    value_high, value_low = value >> _DIGIT, value & _MASK
    size_high, size_low = size >> _DIGIT, size & _MASK
    low = head[1] + value_low * size_low
    middle = head[2] + value_high * size_low + value_low * size_high + (low >> _DIGIT)
    head[1] = low & _MASK
    head[2] = middle & _MASK
    head[3] += value_high * size_high + (middle >> _DIGIT)
