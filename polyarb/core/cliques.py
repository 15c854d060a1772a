"""A group's logic in its tightest simple form: what is known, who excludes whom, what is left.

A set of pairwise exclusions says the same as one clique over its members, but to a solver that
relaxes "yes or no" to "between 0 and 1" the clique says more: of three candidates that exclude each
other in pairs, each could be half true.
"""

from collections.abc import Iterable, Iterator, Sequence

from polyarb.core.logic import Literal, Logic, market_of
from polyarb.core.worlds import NoWorld


def merged(logic: Logic) -> Logic:
    """Return equivalent constraints: facts as clauses of one, exclusions merged into cliques.

    What facts and chains of implications between two literals settle is followed; every clique is
    as large as the chains allow. Raises NoWorld where that alone is contradictory; a logic that
    passes may still admit nothing.
    """
    network = _Network(logic)
    network.settle()
    cliques = network.cliques()
    facts = tuple((literal,) for literal in sorted(network.true, key=_order))
    return Logic(cliques=cliques, clauses=facts + network.open_clauses())


def components(logic: Logic, count: int) -> tuple[tuple[int, ...], ...]:
    """Return the markets in sets that no constraint ties to each other, each rising, by first.

    count: of all markets; one that no constraint names is a set of its own.
    """
    parent = list(range(count))

    def root(market: int) -> int:
        while parent[market] != market:
            parent[market] = parent[parent[market]]
            market = parent[market]
        return market

    for constraint in (*logic.cliques, *logic.clauses):
        roots = {root(market_of(literal)) for literal in constraint}
        for other in roots:
            parent[other] = min(roots)
    sets: dict[int, list[int]] = {}
    for market in range(count):
        sets.setdefault(root(market), []).append(market)
    return tuple(tuple(markets) for markets in sets.values())


class _Network:
    """Which literals exclude each other, followed through chains, and what is true for certain."""

    def __init__(self, logic: Logic) -> None:
        self.true: set[Literal] = set()
        self._logic = logic
        self._clauses = [frozenset(clause) for clause in logic.clauses]
        literals = {x for c in (*logic.cliques, *logic.clauses) for x in c}
        self._literals = sorted(literals | {-x for x in literals}, key=_order)
        self._implied: dict[Literal, set[Literal]] = {x: set() for x in self._literals}
        for clique in logic.cliques:
            self._exclude(clique)

    def settle(self) -> None:
        """Follow facts, short clauses and chains until nothing new is known. Raises NoWorld."""
        known = -1
        while known != (known := len(self.true) + sum(map(len, self._implied.values()))):
            for clause in self._clauses:
                self._shorten(clause)
            self._close()
            for literal in self._literals:
                if -literal in self._implied[literal] or literal in self.true:
                    self._hold(-literal if literal not in self.true else literal)

    def cliques(self) -> tuple[tuple[Literal, ...], ...]:
        """Return cliques that cover every stated exclusion between open literals."""
        seeds = [self._unsettled(clique) for clique in self._logic.cliques]
        seeds += [tuple(-x for x in clause) for clause in self._remaining() if len(clause) == 2]
        found: list[frozenset[Literal]] = []
        for seed in sorted({s for s in seeds if len(s) > 1}, key=lambda s: (-len(s), s)):
            if not any(clique.issuperset(seed) for clique in found):
                found.append(frozenset(self._grown(seed)))
        return tuple(tuple(sorted(clique, key=_order)) for clique in found)

    def open_clauses(self) -> tuple[tuple[Literal, ...], ...]:
        """Return the clauses of three and more that are not settled, once each."""
        clauses = {tuple(sorted(c, key=_order)) for c in self._remaining() if len(c) > 2}
        return tuple(sorted(clauses))

    def _exclude(self, clique: Sequence[Literal]) -> None:
        for at, literal in enumerate(clique):
            for other in (*clique[:at], *clique[at + 1 :]):
                self._implied[literal].add(-other)

    def _shorten(self, clause: Iterable[Literal]) -> None:
        left = set(clause)
        if left & self.true or any(-x in left for x in left):
            return
        left = {x for x in left if -x not in self.true}
        if not left:
            raise NoWorld("no joint outcome satisfies the logic")
        if len(left) == 1:
            self._hold(*left)
        elif len(left) == 2:
            one, other = left
            self._implied[-one].add(other)
            self._implied[-other].add(one)

    def _close(self) -> None:
        """Add to each literal all that follows from what follows from it."""
        for middle in self._literals:
            beyond = self._implied[middle]
            for implied in self._implied.values():
                if middle in implied:
                    implied.update(beyond)

    def _hold(self, literal: Literal) -> None:
        fresh = {literal, *self._implied[literal]}
        if any(-x in self.true or -x in fresh for x in fresh):
            raise NoWorld("no joint outcome satisfies the logic")
        self.true |= fresh

    def _unsettled(self, literals: Iterable[Literal]) -> tuple[Literal, ...]:
        return tuple(
            sorted((x for x in literals if not {x, -x} & self.true), key=_order),
        )

    def _remaining(self) -> Iterator[tuple[Literal, ...]]:
        for clause in self._clauses:
            satisfied = clause & self.true or any(-x in clause for x in clause)
            if not satisfied:
                yield self._unsettled(clause)

    def _grown(self, seed: Sequence[Literal]) -> list[Literal]:
        clique = list(seed)
        for candidate in self._literals:
            if {candidate, -candidate} & self.true or candidate in clique:
                continue
            if all(-member in self._implied[candidate] for member in clique):
                clique.append(candidate)
        return clique


def _order(literal: Literal) -> tuple[int, bool]:
    return market_of(literal), literal < 0
