"""What a group's logic still says when some of its markets cannot be seen. Pure.

A missing market is resolved away, as in Davis and Putnam: whatever follows for the others through
it is said directly, then everything that names it is left out. Every joint outcome of the whole,
seen on the markets that are left, satisfies the result, so what is guaranteed there is guaranteed.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from itertools import product
from typing import Final

from polyarb.core.logic import Literal, Logic, market_of, no, yes

CONSTRAINTS_MAX: Final = 500
"""Constraints beyond which what follows through a missing market is forgotten instead of said."""

_Constraint = frozenset[Literal]


def renumbered(logic: Logic, index_of: Callable[[int], int]) -> Logic:
    """Return the same logic with market k called `index_of(k)`."""

    def again(literal: Literal) -> Literal:
        index = index_of(market_of(literal))
        return yes(index) if literal > 0 else no(index)

    return Logic(
        cliques=tuple(tuple(map(again, clique)) for clique in logic.cliques),
        clauses=tuple(tuple(map(again, clause)) for clause in logic.clauses),
    )


# A book stays unusable for many changes of the others, and the answer is the same each time.
@lru_cache(maxsize=256)
def projected(logic: Logic, kept: tuple[int, ...]) -> Logic:
    """Return what the logic says of the markets `kept`, renumbered 0.. in that order.

    Exact up to `CONSTRAINTS_MAX` constraints; weaker beyond it, never stronger.
    """
    cliques = {frozenset(clique) for clique in logic.cliques}
    clauses = {frozenset(clause) for clause in logic.clauses}
    assert all(len(set(c)) == len(c) for c in logic.cliques), "a clique names a literal twice"
    missing = {market_of(x) for c in (*cliques, *clauses) for x in c} - set(kept)
    while missing:
        market = min(missing, key=lambda m: (_mentions(m, (*cliques, *clauses)), m))
        missing.remove(market)
        cliques, clauses = _without(market, cliques, clauses)
    places = {market: place for place, market in enumerate(kept)}
    return renumbered(Logic(_sorted(_largest(cliques)), _sorted(clauses)), partial(_at, places))


def _at(places: Mapping[int, int], market: int) -> int:
    return places[market]


def _mentions(market: int, constraints: Collection[_Constraint]) -> int:
    return sum(1 for c in constraints if yes(market) in c or no(market) in c)


def _without(
    market: int, cliques: set[_Constraint], clauses: set[_Constraint]
) -> tuple[set[_Constraint], set[_Constraint]]:
    """Return constraints on the others: what did not name the market, and what follows by it."""
    both = frozenset((yes(market), no(market)))
    left_cliques = {c - both for c in cliques if len(c - both) > 1 and not both <= c}
    left_clauses = {c for c in clauses if not c & both}
    room = max(0, CONSTRAINTS_MAX - len(left_cliques) - len(left_clauses))
    for is_clique, found in _consequences(market, cliques, clauses):
        if room == 0:
            break
        into = left_cliques if is_clique else left_clauses
        if found not in into:
            into.add(found)
            room -= 1
    return left_cliques, left_clauses


def _consequences(
    market: int, cliques: set[_Constraint], clauses: set[_Constraint]
) -> Iterator[tuple[bool, _Constraint]]:
    """Yield (is a clique, constraint) for whatever follows through the market, in fixed order."""
    for literal in (yes(market), no(market)):
        holding = _naming(literal, clauses)
        barring = _naming(literal, cliques)
        for clause, clique in product(holding, barring):
            yield from _through(clause, clique)
        if literal > 0:
            opposite = _naming(-literal, clauses), _naming(-literal, cliques)
            yield from _clauses(one | other for one, other in product(holding, opposite[0]))
            yield from _clauses(
                frozenset((-a, -b))
                for one, other in product(barring, opposite[1])
                for a, b in product(sorted(one), sorted(other))
            )
    yield from _clauses(
        frozenset((-literal,))
        for clique in _in_order(c for c in cliques if {yes(market), no(market)} <= c)
        for literal in sorted(clique - {yes(market), no(market)})
    )


def _naming(literal: Literal, constraints: set[_Constraint]) -> list[_Constraint]:
    """Return the rest of every constraint that names the literal and not its opposite."""
    return _in_order(c - {literal} for c in constraints if literal in c and -literal not in c)


def _through(clause: _Constraint, clique: _Constraint) -> Iterator[tuple[bool, _Constraint]]:
    """Yield what follows from "the clause's rest or x" and "x, or one of the clique's rest"."""
    if len(clause) != 1:
        yield from _clauses(clause | {-literal} for literal in sorted(clique))
        return
    (kept,) = clause
    if -kept in clique:  # twice in one clique: it cannot hold at all
        yield from _clauses([frozenset((kept,))])
    else:
        yield True, clique | {-kept}


def _clauses(found: Iterable[_Constraint]) -> Iterator[tuple[bool, _Constraint]]:
    """Yield clauses, without those that hold anyway."""
    for clause in found:
        if not any(-literal in clause for literal in clause):
            yield False, clause


def _largest(cliques: set[_Constraint]) -> list[_Constraint]:
    """Return the cliques that no other contains."""
    return [c for c in cliques if len(c) > 1 and not any(c < other for other in cliques)]


def _in_order(constraints: Iterable[_Constraint]) -> list[_Constraint]:
    return sorted(constraints, key=sorted)


def _sorted(constraints: Collection[_Constraint]) -> tuple[tuple[Literal, ...], ...]:
    ordered = _in_order(constraints)
    return tuple(tuple(sorted(c, key=lambda x: (market_of(x), -x))) for c in ordered)
