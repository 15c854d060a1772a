"""The makers' desks of the background flow, and the pairs of markets that imply one another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from polyarb.venues.simulated.listings import Kind
from polyarb.venues.simulated.quoting import Ladder
from polyarb.venues.simulated.world import ListedEvent


@dataclass(slots=True, eq=False)
class Desk:
    """The makers' view of one event. busy: somebody misprices it, so nobody else moves it.

    end_ms: when the event is resolved, None if the flow never does.
    """

    listed: ListedEvent
    ladders: tuple[Ladder, ...]
    end_ms: int | None = None
    busy: bool = False

    @property
    def exclusive(self) -> bool:
        """Return whether one outcome's gain is another one's loss."""
        return len(self.ladders) > 1 and self.listed.kind is not Kind.NESTED

    def can_hold_until(self, end_ms: int) -> bool:
        """Return whether a mispricing may begin here that lasts until then."""
        return not self.busy and (self.end_ms is None or end_ms < self.end_ms)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two quoted markets of which the narrow one implies the wide one."""

    narrow_desk: Desk
    narrow: Ladder
    wide_desk: Desk
    wide: Ladder

    @property
    def desks(self) -> tuple[Desk, ...]:
        """Return the desks that a mispricing of the pair keeps busy."""
        both = (self.narrow_desk, self.wide_desk)
        return both[:1] if self.narrow_desk is self.wide_desk else both

    def can_hold_until(self, end_ms: int) -> bool:
        """Return whether every desk can."""
        return all(desk.can_hold_until(end_ms) for desk in self.desks)


def relations(desks: Sequence[Desk]) -> Iterator[list[Pair]]:
    """Yield the neighbouring pairs of each nested event, and each implication across events."""
    for desk in desks:
        if desk.listed.kind is Kind.NESTED:
            by_width = sorted(desk.ladders, key=lambda ladder: ladder.listing.fair)
            yield [Pair(desk, narrow, desk, wide) for narrow, wide in pairwise(by_width)]
    seats = {ladder.listing.slug: (desk, ladder) for desk in desks for ladder in desk.ladders}
    for desk, wide in seats.values():
        if wide.listing.implied_by in seats:
            yield [Pair(*seats[wide.listing.implied_by], desk, wide)]
