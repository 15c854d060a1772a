"""How the outcomes of several markets are tied together: what cannot be true at the same time.

A literal names one market's outcome: k + 1 says that market k resolves YES, -(k + 1) that it
resolves NO. Everything else is said with two kinds of constraint, so that a solver, an oracle and
a verifier read the same thing.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

Literal = int


@dataclass(frozen=True, slots=True)
class Logic:
    """What a group's joint outcomes must satisfy.

    cliques: of each, at most one literal holds. clauses: of each, at least one literal holds.
    """

    cliques: tuple[tuple[Literal, ...], ...] = ()
    clauses: tuple[tuple[Literal, ...], ...] = ()

    def __add__(self, other: "Logic") -> "Logic":
        """Return what satisfies both."""
        return Logic(self.cliques + other.cliques, self.clauses + other.clauses)


UNTIED: Final = Logic()
"""Every joint outcome is possible."""


def yes(market: int) -> Literal:
    """Return the literal of "market `market` resolves YES"."""
    return market + 1


def no(market: int) -> Literal:
    """Return the literal of "market `market` resolves NO"."""
    return -(market + 1)


def market_of(literal: Literal) -> int:
    """Return the index of the market that a literal speaks of."""
    return abs(literal) - 1


def at_most_one(markets: Iterable[int]) -> Logic:
    """Return that no two of the markets resolve YES."""
    return Logic(cliques=(tuple(yes(m) for m in markets),))


def at_least_one(markets: Iterable[int]) -> Logic:
    """Return that the markets exhaust what can happen."""
    return Logic(clauses=(tuple(yes(m) for m in markets),))


def exactly_one(markets: Sequence[int]) -> Logic:
    """Return that one market resolves YES and the others NO."""
    return at_most_one(markets) + at_least_one(markets)


def implies(premise: int, conclusion: int) -> Logic:
    """Return that `conclusion` resolves YES whenever `premise` does."""
    return Logic(clauses=((no(premise), yes(conclusion)),))


def ladder(markets: Sequence[int]) -> Logic:
    """Return that each market implies the next: "by March" before "by June", 110k before 100k."""
    return Logic(clauses=tuple((no(a), yes(b)) for a, b in pairwise(markets)))


def equivalent(markets: Sequence[int]) -> Logic:
    """Return that all the markets resolve alike."""
    return ladder(markets) + implies(markets[-1], markets[0])


def admits(logic: Logic, winners: Collection[int]) -> bool:
    """Return whether exactly the markets `winners` may resolve YES together."""

    def holds(literal: Literal) -> bool:
        return (market_of(literal) in winners) == (literal > 0)

    return all(sum(map(holds, clique)) <= 1 for clique in logic.cliques) and all(
        any(map(holds, clause)) for clause in logic.clauses
    )
