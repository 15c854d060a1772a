"""Which joint outcomes a group's logic admits, and which of them is worst for a portfolio.

Everything is exact and in integers: an assignment is grown market by market, what follows from it
is filled in, and what can no longer be worst is left out. No solver is involved.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from polyarb.core.logic import UNTIED, Logic, at_most_one, exactly_one, ladder, market_of
from polyarb.core.market import GroupKind

STEPS_MAX: Final = 50_000
"""Assignments that one search may try. A group beyond it is refused, never guessed."""


class NoWorld(ValueError):
    """The logic contradicts itself: nothing can happen at all."""


class TooManyWorlds(ValueError):
    """The search was not over after `STEPS_MAX` assignments."""


@dataclass(frozen=True, slots=True)
class Worst:
    """The least that weighted markets add up to. winners: who resolves YES then, rising."""

    total: int
    winners: tuple[int, ...]


def logic_of(kind: GroupKind, count: int, logic: Logic = UNTIED) -> Logic:
    """Return the constraints of a group of `count` markets. logic: of a GENERAL group."""
    match kind:
        case GroupKind.EXACTLY_ONE:
            return exactly_one(range(count))
        case GroupKind.AT_MOST_ONE:
            return at_most_one(range(count))
        case GroupKind.LADDER:
            return ladder(range(count))
        case _:
            return logic


def worst(logic: Logic, weights: Mapping[int, int], *, count: int) -> Worst:
    """Return the admitted world in which the weights of the winners add up to the least.

    weights: by market index; markets without one count 0. count: of the group's markets. Raises
    NoWorld, TooManyWorlds.
    """
    search = _Search(logic, weights, count)
    search.descend(*search.implied(0, 0))
    if search.found is None:
        raise NoWorld("no joint outcome satisfies the logic")
    return search.found


def every_world(logic: Logic, *, count: int) -> Iterator[tuple[int, ...]]:
    """Yield every admitted world once: the markets that resolve YES, rising."""
    rules = _Rules(logic)

    def grow(index: int, true: int, false: int) -> Iterator[tuple[int, ...]]:
        if index == count:
            yield _bits(true)
            return
        bit = 1 << index
        for side in (0, 1):
            if (true, false)[side] & bit:
                continue
            state = rules.follow(true | (bit if side else 0), false | (0 if side else bit))
            if state is not None:
                yield from grow(index + 1, *state)

    start = rules.follow(0, 0)
    if start is not None:
        yield from grow(0, *start)


class _Rules:
    """The constraints as pairs of bit sets: (markets named as YES, markets named as NO)."""

    def __init__(self, logic: Logic) -> None:
        self.clauses = [_masks(clause) for clause in logic.clauses]
        self.cliques = [_masks(clique) for clique in logic.cliques]

    def follow(self, true: int, false: int) -> tuple[int, int] | None:
        """Return the assignment with all that single constraints force, None if they clash."""
        before = -1, -1
        while (true, false) != before:
            before = true, false
            for up, down in self.cliques:
                held_up, held_down = true & up, false & down
                held = held_up.bit_count() + held_down.bit_count()
                if held > 1:
                    return None
                if held == 1:
                    false |= up & ~held_up
                    true |= down & ~held_down
            for up, down in self.clauses:
                if true & up or false & down:
                    continue
                left_up, left_down = up & ~false, down & ~true
                left = left_up.bit_count() + left_down.bit_count()
                if left == 0:
                    return None
                if left == 1:
                    true |= left_up
                    false |= left_down
        return None if true & false else before

    def open_clause(self, true: int, false: int) -> tuple[int, int] | None:
        """Return the markets that a clause not yet satisfied may still choose, None without one."""
        for up, down in self.clauses:
            if not (true & up or false & down):
                return up & ~false, down & ~true
        return None


class _Search:
    """Depth first, the heaviest market first, its cheaper outcome first."""

    def __init__(self, logic: Logic, weights: Mapping[int, int], count: int) -> None:
        self._rules = _Rules(logic)
        self._weights = {m: w for m, w in weights.items() if w}
        assert all(0 <= m < count for m in self._weights), (sorted(self._weights), count)
        self._order = sorted(self._weights, key=lambda m: (-abs(self._weights[m]), m))
        self._steps = 0
        self.found: Worst | None = None

    def implied(self, true: int, false: int) -> tuple[int, int]:
        """Return what holds in every world. Raises NoWorld."""
        state = self._rules.follow(true, false)
        if state is None:
            raise NoWorld("no joint outcome satisfies the logic")
        return state

    def descend(self, true: int, false: int) -> None:
        """Improve `found` by the best world that extends the assignment."""
        self._steps += 1
        if self._steps > STEPS_MAX:
            raise TooManyWorlds(f"more than {STEPS_MAX} assignments to try")
        settled = true | false
        if self.found is not None and self._bound(true, settled) >= self.found.total:
            return
        market = next((m for m in self._order if not settled >> m & 1), None)
        if market is None:
            self._close(true, false)
            return
        bit = 1 << market
        sides = ((bit, 0), (0, bit)) if self._weights[market] < 0 else ((0, bit), (bit, 0))
        for up, down in sides:
            state = self._rules.follow(true | up, false | down)
            if state is not None:
                self.descend(*state)

    def _bound(self, true: int, settled: int) -> int:
        """Return a total that no extension can undercut: of a clique only one market wins."""
        total = sum(w for m, w in self._weights.items() if true >> m & 1)
        left = {m: w for m, w in self._weights.items() if w < 0 and not settled >> m & 1}
        for up, _ in self._rules.cliques:
            members = [m for m in left if up >> m & 1]
            if len(members) > 1:
                total += min(left[m] for m in members)
                for m in members:
                    del left[m]
        return total + sum(left.values())

    def _close(self, true: int, false: int) -> None:
        """Take the world if what is left open can be filled in at all."""
        state = self._filled(true, false)
        if state is None:
            return
        winners = _bits(state[0])
        total = sum(self._weights.get(m, 0) for m in winners)
        if self.found is None or total < self.found.total:
            self.found = Worst(total, winners)

    def _filled(self, true: int, false: int) -> tuple[int, int] | None:
        """Return an assignment in which every clause is satisfied; what stays open resolves NO."""
        self._steps += 1
        if self._steps > STEPS_MAX:
            raise TooManyWorlds(f"more than {STEPS_MAX} assignments to try")
        choices = self._rules.open_clause(true, false)
        if choices is None:
            return self._all_no(true, false)
        for bits, as_winner in ((choices[1], False), (choices[0], True)):
            for market in _bits(bits):
                bit = 1 << market
                state = self._rules.follow(
                    true | (bit if as_winner else 0), false | (0 if as_winner else bit)
                )
                if state is not None and (full := self._filled(*state)) is not None:
                    return full
        return None

    def _all_no(self, true: int, false: int) -> tuple[int, int] | None:
        """Return the assignment with the rest NO, one market at a time: a clique may object."""
        for market in self._named(~(true | false)):
            if (true | false) >> market & 1:
                continue
            state = self._rules.follow(true, false | 1 << market)
            if state is None:
                state = self._rules.follow(true | 1 << market, false)
            if state is None:
                return None
            true, false = state
        return true, false

    def _named(self, free: int) -> tuple[int, ...]:
        """Return the open markets that a clique names as NO: for all others NO is harmless."""
        named = 0
        for _, down in self._rules.cliques:
            named |= down
        return _bits(named & free)


def _masks(literals: tuple[int, ...]) -> tuple[int, int]:
    up = down = 0
    for literal in literals:
        bit = 1 << market_of(literal)
        if literal > 0:
            up |= bit
        else:
            down |= bit
    return up, down


def _bits(mask: int) -> tuple[int, ...]:
    return tuple(i for i in range(mask.bit_length()) if mask >> i & 1)
