"""How made markets are tied, in words of the corpus's own, and every joint outcome that allows.

Nothing here knows how a group writes its logic: what the catalogue makes of a listing and of the
reviewed relations is measured against this.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, product

from bench.corpus.spaces import World
from polyarb.core.market import Outcome
from services.scanner.relations import RelationKind

Bet = tuple[int, Outcome]
"""A market and an outcome of it."""


@dataclass(frozen=True, slots=True)
class Tie:
    """One thing that is known of some markets, in the words of the relations catalogue.

    outcomes: those that a clause names, one for each market; empty for other kinds. told: whether a
    relation says it; else the listing of a negative-risk event does.
    """

    kind: RelationKind
    markets: tuple[int, ...]
    outcomes: tuple[Outcome, ...] = ()
    told: bool = True

    def holds(self, winners: Sequence[int]) -> bool:
        """Return whether exactly these markets may resolve YES together."""
        won = [market in winners for market in self.markets]
        match self.kind:
            case RelationKind.LADDER | RelationKind.IMPLIES:
                return all(later or not earlier for earlier, later in pairwise(won))
            case RelationKind.EQUIVALENT:
                return all(won) or not any(won)
            case RelationKind.EXCLUDES:
                return sum(won) <= 1
            case RelationKind.EXHAUSTS:
                return any(won)
            case RelationKind.CLAUSE:
                return any(w is (o is Outcome.YES) for w, o in zip(won, self.outcomes, strict=True))

    @property
    def sets(self) -> tuple[tuple[Bet, ...], ...]:
        """Return sets of bets of which at least one wins, as plainly as they can be said.

        Of markets that exclude each other all but one NO win: two at a time say it too.
        """
        match self.kind:
            case RelationKind.LADDER | RelationKind.IMPLIES:
                return tuple(_implied(a, b) for a, b in combinations(self.markets, 2))
            case RelationKind.EQUIVALENT:
                ordered = product(self.markets, repeat=2)
                return tuple(_implied(a, b) for a, b in ordered if a != b)
            case RelationKind.EXCLUDES:
                pairs = combinations(self.markets, 2)
                return tuple(((a, Outcome.NO), (b, Outcome.NO)) for a, b in pairs)
            case RelationKind.EXHAUSTS:
                return (tuple((m, Outcome.YES) for m in self.markets),)
            case RelationKind.CLAUSE:
                return (tuple(zip(self.markets, self.outcomes, strict=True)),)


def _implied(premise: int, conclusion: int) -> tuple[Bet, ...]:
    return (premise, Outcome.NO), (conclusion, Outcome.YES)


def worlds_of(markets: Sequence[int], ties: Sequence[Tie]) -> Iterator[World]:
    """Yield every joint outcome of the markets that all ties allow."""
    ends = [(max(markets.index(m) for m in tie.markets), tie) for tie in ties]

    def grow(at: int, winners: World) -> Iterator[World]:
        if at == len(markets):
            yield tuple(sorted(winners))
            return
        for extended in (winners, (*winners, markets[at])):
            if all(
                tie.holds(extended)
                for end, tie in ends
                if end == at or tie.kind is RelationKind.EXCLUDES
            ):
                yield from grow(at + 1, extended)

    return grow(0, ())
