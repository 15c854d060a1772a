"""What is listed now, as groups to judge: those of events, and those that relations make. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from polyarb.core.market import Event, Group, GroupKind, Market
from polyarb.venues.base import Skipped
from services.scanner.catalogue import groups
from services.scanner.related import relation_groups
from services.scanner.relations import Catalogue


@dataclass(frozen=True, slots=True)
class Listing:
    """One listing of the venue, read with what is reviewed.

    of_events: by event id; every watched market is in exactly one of these groups. related: the
    groups across events, by the id that their opportunities bear. skipped: what is left out, why.
    """

    events: tuple[Event, ...] = ()
    of_events: Mapping[str, tuple[Group, ...]] = field(default_factory=dict)
    related: Mapping[str, Group] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    by_market: Mapping[str, tuple[Group, ...]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Group]:
        """Yield every group, those of events first."""
        for event_groups in self.of_events.values():
            yield from event_groups
        yield from self.related.values()

    @property
    def ids(self) -> Collection[str]:
        """Return the id of everything that can have a verdict."""
        return self.of_events.keys() | self.related.keys()

    def of_id(self, event_id: str) -> tuple[Group, ...]:
        """Return the groups of one event, or the one that relations made; () if none is watched."""
        if event_id in self.related:
            return (self.related[event_id],)
        return self.of_events.get(event_id, ())

    def named(self, name: str) -> tuple[Group, ...]:
        """Return the groups of what has this id or this slug; () if none is watched.

        Single markets that relations tie to others come after the groups that tie them.
        """
        own = self.of_id(name) or tuple(group for group in self if group.slug == name)
        if any(group.kind is not GroupKind.BINARY for group in own):
            return own
        ids = [market.condition_id for group in own for market in group.markets]
        return (*(group for group, _ in self.touched(ids)), *own)

    def touched(self, changed: Iterable[str]) -> Iterator[tuple[Group, list[str]]]:
        """Yield every group that has one of the changed markets, and which of them it has."""
        found: dict[str, tuple[Group, list[str]]] = {}
        for condition_id in sorted(changed):
            for group in self.by_market.get(condition_id, ()):
                if group.kind is not GroupKind.BINARY:
                    found.setdefault(group.event_id, (group, []))[1].append(condition_id)
        yield from found.values()

    def markets(self) -> Iterator[tuple[Market, Group]]:
        """Yield every watched market once, with the group of its event."""
        for event_groups in self.of_events.values():
            for group in event_groups:
                for market in group.markets:
                    yield market, group


def read(events: tuple[Event, ...], left_out: tuple[Skipped, ...], reviewed: Catalogue) -> Listing:
    """Return what the events are judged as."""
    of_events, skipped = dict[str, tuple[Group, ...]](), list(left_out)
    for event in events:
        of_events[event.event_id], reasons = groups(event, reviewed.events)
        skipped.extend(reasons)
    every = [group for event_groups in of_events.values() for group in event_groups]
    related, reasons = relation_groups(events, reviewed.relations, every)
    skipped.extend(reasons)
    by_market: dict[str, tuple[Group, ...]] = {}
    for group in (*every, *related):
        for market in group.markets:
            by_market[market.condition_id] = (*by_market.get(market.condition_id, ()), group)
    return Listing(
        events=events,
        of_events=of_events,
        related={group.event_id: group for group in related},
        skipped=tuple(skipped),
        by_market=by_market,
    )
