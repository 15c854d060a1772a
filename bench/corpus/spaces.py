"""What can happen together, and what is worst for a portfolio then: plain enumeration.

Markets come in clusters whose joint outcomes are listed one by one; clusters are linked in a tree,
by the pairs of outcomes that go together. A single cluster is a full list of all worlds; a tree of
many holds more worlds than any list, and still tells the worst one, exactly and without a search.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random

World = tuple[int, ...]
"""The markets that resolve YES, rising."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Markets and their joint outcomes. markets: rising."""

    markets: tuple[int, ...]
    worlds: tuple[World, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """Which outcomes of a cluster go with which of an earlier one.

    parent: the earlier cluster's index. pairs: (index of the parent's world, of the own one).
    """

    parent: int
    pairs: frozenset[tuple[int, int]]


@dataclass(frozen=True)
class Space:
    """All joint outcomes. links: of every cluster but the first, to an earlier one."""

    clusters: tuple[Cluster, ...]
    links: tuple[Link, ...] = ()

    @property
    def listed(self) -> tuple[World, ...] | None:
        """Return every world where they are listed, None for a tree."""
        return None if self.links else self.clusters[0].worlds

    @cached_property
    def count(self) -> int:
        """Return how many worlds there are."""
        ways = [[1] * len(cluster.worlds) for cluster in self.clusters]
        for child, link in self._upwards():
            below = [0] * len(ways[link.parent])
            for outer, inner in link.pairs:
                below[outer] += ways[child][inner]
            ways[link.parent] = [w * b for w, b in zip(ways[link.parent], below, strict=True)]
        return sum(ways[0])

    def worst(self, weights: Sequence[int]) -> int:
        """Return the least that the winners' weights add up to. weights: of every market."""
        least = [
            [sum(weights[m] for m in world) for world in cluster.worlds]
            for cluster in self.clusters
        ]
        for child, link in self._upwards():
            below: dict[int, int] = {}
            for outer, inner in link.pairs:
                total = least[child][inner]
                below[outer] = min(below.get(outer, total), total)
            least[link.parent] = [x + below[i] for i, x in enumerate(least[link.parent])]
        return min(least[0])

    def drawn(self, rng: Random) -> World:
        """Return a world at random."""
        chosen = [rng.randrange(len(self.clusters[0].worlds))]
        for link in self.links:
            chosen.append(rng.choice(sorted(i for o, i in link.pairs if o == chosen[link.parent])))
        parts = (c.worlds[i] for c, i in zip(self.clusters, chosen, strict=True))
        return tuple(sorted(market for world in parts for market in world))

    def stuck(self) -> bool:
        """Return whether some market has only one possible outcome."""
        return any(
            len({market in world for world in cluster.worlds}) < 2
            for cluster in self.clusters
            for market in cluster.markets
        )

    def _upwards(self) -> list[tuple[int, Link]]:
        """Return (cluster, its link), the last cluster first."""
        return list(reversed(list(enumerate(self.links, start=1))))


def listing(markets: int, worlds: Sequence[World]) -> Space:
    """Return the space of these worlds over markets 0 to `markets` - 1."""
    return Space((Cluster(tuple(range(markets)), tuple(worlds)),))


def consistent(space: Space) -> Space | None:
    """Return the space without outcomes that occur in no world, None if nothing is left.

    Two passes over the tree, from the leaves and back, leave exactly the outcomes of some world.
    """
    alive = [set(range(len(cluster.worlds))) for cluster in space.clusters]
    links = list(enumerate(space.links, start=1))
    for child, link in reversed(links):
        alive[link.parent] &= {o for o, i in link.pairs if i in alive[child]}
    for child, link in links:
        alive[child] &= {i for o, i in link.pairs if o in alive[link.parent]}
    if not all(alive):
        return None
    places = [{old: new for new, old in enumerate(sorted(kept))} for kept in alive]
    return Space(
        clusters=tuple(
            Cluster(cluster.markets, tuple(cluster.worlds[i] for i in sorted(kept)))
            for cluster, kept in zip(space.clusters, alive, strict=True)
        ),
        links=tuple(
            Link(
                link.parent,
                frozenset(
                    (places[link.parent][o], places[child][i])
                    for o, i in link.pairs
                    if o in alive[link.parent] and i in alive[child]
                ),
            )
            for child, link in links
        ),
    )
