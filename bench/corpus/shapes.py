"""Which markets a made group has and what ties them: six ways, at random.

A plan is taken only if its markets form one group, none of them is settled beforehand, and there
are at most `WORLDS_MAX` joint outcomes to list; a chain of clusters may have any number.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from random import Random
from typing import Final

from bench.corpus.spaces import Cluster, Link, Space, consistent, listing
from bench.corpus.ties import Tie, worlds_of
from polyarb.core.market import Outcome
from services.scanner.relations import RelationKind

WORLDS_MAX: Final = 2_000

Members = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A group before it has prices. events: (markets, whether one must win) of negative-risk ones.

    ties: all of them, those that the events say included.
    """

    name: str
    count: int
    ties: tuple[Tie, ...]
    space: Space
    events: tuple[tuple[Members, bool], ...] = ()

    @property
    def told(self) -> tuple[Tie, ...]:
        """Return the ties that relations say."""
        return tuple(tie for tie in self.ties if tie.told)

    def place(self, market: int) -> tuple[int, int]:
        """Return (number of the market's event from 1, its place there); event 0 for none."""
        for number, (members, _) in enumerate(self.events, start=1):
            if market in members:
                return number, members.index(market)
        return 0, market


Shape = Callable[[Random], Plan]


def ladder(rng: Random) -> Plan:
    """Return 2 to 16 rungs: dates, or strikes."""
    count = rng.randint(2, 16)
    name = f"{rng.choice(('dates', 'strikes'))} on {count} rungs"
    plan = listed(name, count, [Tie(RelationKind.LADDER, tuple(range(count)))])
    assert plan is not None
    return plan


def implications(rng: Random) -> Plan:
    """Return a pair, or a random acyclic graph of implications over 3 to 12 markets."""

    def attempt() -> Plan | None:
        count = 2 if rng.random() < 0.25 else rng.randint(3, 12)
        edges = {(rng.randrange(later), later) for later in range(1, count)}
        for _ in range(rng.randint(0, count) if count > 2 else 0):
            edges.add(_two(rng, count))
        names = rng.sample(range(count), count)
        ties = [Tie(RelationKind.IMPLIES, (names[a], names[b])) for a, b in sorted(edges)]
        return listed(f"{len(ties)} implications of {count}", count, ties)

    return _first(attempt)


def exclusions(rng: Random) -> Plan:
    """Return overlapping exclusions, exhaustions and equivalences of 3 to 14 markets.

    A part is said in pairs only, which hides from a look at pairs what the whole set says.
    """

    def attempt() -> Plan | None:
        count = rng.randint(3, 14)
        ties = list[Tie]()
        for members in _overlapping(rng, count, most=6):
            draw = rng.random()
            if draw < 0.2 and len(members) < 4:
                ties.append(Tie(RelationKind.EQUIVALENT, members))
            elif draw < 0.45:
                ties.append(Tie(RelationKind.EXHAUSTS, members))
            elif draw < 0.75:
                ties.append(Tie(RelationKind.EXCLUDES, members))
            else:
                ties.extend(_in_pairs(members))
        return listed(f"{len(ties)} exclusions of {count}", count, ties)

    return _first(attempt)


def clauses(rng: Random) -> Plan:
    """Return random clauses over 3 to 12 markets, an exclusion among them now and then."""

    def attempt() -> Plan | None:
        count = rng.randint(3, 12)
        ties = list[Tie]()
        for members in _overlapping(rng, count, most=4):
            if rng.random() < 0.15:
                ties.append(Tie(RelationKind.EXCLUDES, members))
            else:
                ties.append(_clause(rng, members))
        for _ in range(rng.randint(0, count // 2)):
            size = rng.randint(2, min(4, count))
            ties.append(_clause(rng, tuple(rng.sample(range(count), size))))
        return listed(f"{len(ties)} clauses of {count}", count, ties)

    return _first(attempt)


def crossed_events(rng: Random) -> Plan:
    """Return 2 or 3 events in each of which one market wins, with implications across them."""

    def attempt() -> Plan | None:
        events, ties = _events(rng, [rng.randint(2, 5) for _ in range(rng.randint(2, 3))])
        for (earlier, _), (later, _) in pairwise(events):
            ties.extend(_across(rng, earlier, later))
        count = sum(len(members) for members, _ in events)
        return listed(f"{len(events)} events of {count}", count, ties, events)

    return _first(attempt)


def chained(rng: Random) -> Plan:
    """Return 30 to 60 markets in events, ladders and exclusions that are linked as a tree."""

    def attempt() -> Plan | None:
        wanted, sizes = rng.randint(30, 54), list[int]()
        while sum(sizes) < wanted:
            sizes.append(rng.randint(3, 7))
        events, ties, clusters = list[tuple[Members, bool]](), list[Tie](), list[Members]()
        for members in _runs(sizes):
            clusters.append(members)
            if rng.random() < 0.5:
                ties.extend(_event(rng, members, events))
            else:
                kind = rng.choice((RelationKind.LADDER, RelationKind.EXCLUDES))
                ties.append(Tie(kind, members))
        parents = [rng.randrange(max(0, at - 3), at) for at in range(1, len(clusters))]
        across = [
            _across(rng, clusters[parent], clusters[at])
            for at, parent in enumerate(parents, start=1)
        ]
        space = _linked(clusters, ties, parents, across)
        if space is None or space.stuck() or space.count <= WORLDS_MAX:
            return None
        every = (*ties, *(tie for some in across for tie in some))
        name = f"{len(clusters)} clusters of {sum(sizes)}, {space.count:.0e} worlds"
        return Plan(name, sum(sizes), every, space, tuple(events))

    return _first(attempt)


def _first(attempt: Callable[[], Plan | None]) -> Plan:
    while True:
        plan = attempt()
        if plan is not None:
            return plan


def listed(
    name: str, count: int, ties: Sequence[Tie], events: Sequence[tuple[Members, bool]] = ()
) -> Plan | None:
    """Return the plan of these ties, None if its worlds are too many or settle a market."""
    worlds = tuple(islice(worlds_of(range(count), ties), WORLDS_MAX + 1))
    space = listing(count, worlds)
    if not worlds or len(worlds) > WORLDS_MAX or space.stuck():
        return None
    return Plan(f"{name}, {len(worlds)} worlds", count, tuple(ties), space, tuple(events))


def _linked(
    clusters: Sequence[Members],
    ties: Sequence[Tie],
    parents: Sequence[int],
    across: Sequence[Sequence[Tie]],
) -> Space | None:
    own = [
        tuple(worlds_of(members, [tie for tie in ties if tie.markets[0] in members]))
        for members in clusters
    ]
    links = tuple(
        Link(
            parent,
            frozenset(
                (o, i)
                for o, outer in enumerate(own[parent])
                for i, inner in enumerate(own[child])
                if all(tie.holds(outer + inner) for tie in across[child - 1])
            ),
        )
        for child, parent in enumerate(parents, start=1)
    )
    return consistent(Space(tuple(map(Cluster, clusters, own)), links))


def _two(rng: Random, count: int) -> tuple[int, int]:
    low, high = sorted(rng.sample(range(count), 2))
    return low, high


def _overlapping(rng: Random, count: int, *, most: int) -> list[Members]:
    """Return sets of 2 to `most` markets, each after the first sharing one with those before."""
    order = rng.sample(range(count), count)
    size = rng.randint(2, min(most, count))
    found, seen = [tuple(order[:size])], size
    while seen < count:
        size = rng.randint(1, min(most - 1, count - seen))
        found.append((rng.choice(order[:seen]), *order[seen : seen + size]))
        seen += size
    return found


def _in_pairs(members: Members) -> list[Tie]:
    return [
        Tie(RelationKind.EXCLUDES, (one, other))
        for at, one in enumerate(members)
        for other in members[at + 1 :]
    ]


def _clause(rng: Random, members: Members) -> Tie:
    outcomes = tuple(rng.choice((Outcome.YES, Outcome.NO)) for _ in members)
    return Tie(RelationKind.CLAUSE, members, outcomes)


def _runs(sizes: Sequence[int]) -> list[Members]:
    found, start = list[Members](), 0
    for size in sizes:
        found.append(tuple(range(start, start + size)))
        start += size
    return found


def _events(rng: Random, sizes: Sequence[int]) -> tuple[list[tuple[Members, bool]], list[Tie]]:
    events, ties = list[tuple[Members, bool]](), list[Tie]()
    for members in _runs(sizes):
        ties.extend(_event(rng, members, events))
    return events, ties


def _event(rng: Random, members: Members, events: list[tuple[Members, bool]]) -> list[Tie]:
    exhaustive = rng.random() < 0.5
    events.append((members, exhaustive))
    exclusive = Tie(RelationKind.EXCLUDES, members, told=False)
    whole = Tie(RelationKind.EXHAUSTS, members, told=False)
    return [exclusive, whole] if exhaustive else [exclusive]


def _across(rng: Random, earlier: Members, later: Members) -> list[Tie]:
    """Return implications and clauses between two sets of markets."""
    ties = list[Tie]()
    for _ in range(rng.randint(1, 3)):
        one, other = rng.choice(earlier), rng.choice(later)
        if rng.random() < 0.75:
            pair = rng.choice(((one, other), (other, one)))
            ties.append(Tie(RelationKind.IMPLIES, pair))
        else:
            ties.append(_clause(rng, (one, other)))
    return ties
