"""The traps that have a shape, each as one named case of the corpus.

`tests/traps` holds all traps, with what the system does; here they are judged like any other case.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from random import Random
from typing import Final

from bench.corpus.cases import Family, Gap, Labelled, listed, opened
from bench.corpus.quotes import CENT, MILL, Quote
from bench.corpus.shapes import listed as planned
from bench.corpus.tied import TiedFamily, related
from bench.corpus.ties import Tie
from services.scanner.relations import RelationKind

NBA: Final = (198, 92, 80, 69, 61, 58, 44, 32, 20)
"""Asks in mills that sum to .654, for nine of thirty teams."""

NOMINEES: Final = (257, 115, 83, 61, 52, *[18] * 12, *[16] * 9)
"""Asks in mills that sum to .928, for some of 128 names."""


def make_traps() -> Iterator[Labelled]:
    """Yield the named cases."""
    thirds = _asks(CENT, 300, 300, 200)
    yield _open("augmented event with a cheap Other", Gap.AUGMENTED, thirds)
    yield _open("outcome added after the snapshot", Gap.UNLISTED, thirds)
    yield _open("closed leg", Gap.CLOSED, thirds)
    yield _open("unnamed placeholder", Gap.PLACEHOLDER, thirds)
    yield _open("nine of thirty teams", Gap.UNLISTED, _asks(MILL, *NBA))
    yield _open("truncated list of nominees", Gap.AUGMENTED, _asks(MILL, *NOMINEES))
    parked = [*_mids(400, 340), Quote(MILL, CENT, 99 * CENT)]
    yield listed("book parked at 1 and 99 cents", Family.EXHAUSTIVE, 1, parked, Random(1))
    crossed = [Quote(CENT, 60 * CENT, 40 * CENT)]
    yield listed("crossed single book", Family.BINARY, 1, crossed, Random(1))
    dates = [Tie(RelationKind.LADDER, (0, 1, 2))]
    yield _tied("date ladder treated as exclusive", TiedFamily.LADDER, dates, _mids(310, 510, 710))
    some = [Tie(RelationKind.EXHAUSTS, (0, 1, 2, 3))]
    yield _tied("multi-winner event", TiedFamily.EXCLUSION, some, _mids(710, 710, 710, 710))
    pairs = [Tie(RelationKind.EXCLUDES, pair) for pair in combinations(range(3), 2)]
    yield _tied("three candidates in pairs", TiedFamily.EXCLUSION, pairs, _mids(410, 410, 410))
    apart = [Tie(RelationKind.IMPLIES, (0, 1)), Tie(RelationKind.IMPLIES, (2, 1))]
    yield _tied("implication as equality", TiedFamily.IMPLICATION, apart, _mids(310, 510, 210))


def _asks(tick: int, *mills: int) -> list[Quote]:
    return [Quote(tick, ask * MILL - tick, ask * MILL) for ask in mills]


def _mids(*mills: int) -> list[Quote]:
    return [Quote(CENT, mid * MILL - CENT, mid * MILL + CENT) for mid in mills]


def _open(name: str, gap: Gap, made: Sequence[Quote]) -> Labelled:
    return replace(opened(listed(name, Family.OPEN, 1, made, Random(1)), gap, 1), name=name)


def _tied(name: str, family: TiedFamily, ties: Sequence[Tie], made: Sequence[Quote]) -> Labelled:
    plan = planned(name, len(made), ties)
    assert plan is not None, name
    return related(name, family, plan, made, Random(1))
