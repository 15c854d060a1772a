"""Stacks of equal shares for markets under any logic: which legs, and how many of each.

The best set of single tokens at the present prices is a small integer program: which tokens to
buy so that what they pay in the worst world exceeds their price and fees the most. It is bought as
deep as it pays, then the next best set of what is left, until nothing pays. Every set is priced
and proved in integers; the program only proposes.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from math import lcm
from typing import Final

from polyarb.core.arbitrage import ONE_ATTO, Solution
from polyarb.core.book import Level, OrderBook
from polyarb.core.logic import Logic
from polyarb.core.market import Group, Outcome
from polyarb.core.money import MICROS, Size, floor_to
from polyarb.core.order import BATCH_MAX, lattice
from polyarb.core.sets import least_size
from polyarb.core.solvers.choice import best_choice
from polyarb.core.worlds import logic_of, worst

Token = tuple[int, Outcome]
"""A market's index and one of its outcomes."""

Slice = tuple[tuple[Token, ...], Size]
"""Equal shares of several tokens."""

_PRICE_TO_ATTO: Final = 10**12
_ROUNDS_MAX: Final = 200
"""Worlds that one proposal may be confronted with; and proposals in one stack."""


def best_stack(group: Group, books: Sequence[OrderBook], solution: Solution) -> list[Slice]:
    """Return the slices that pay, best first; empty where no set of equal shares does.

    Only tokens that the optimum buys are considered. Every slice has two or more of them; in all
    distinct markets, at most 15, and every token in a size that the venue takes. Raises NoWorld,
    TooManyWorlds, Unproved.
    """
    supplies = _supplies(group, books, solution)
    step = lcm(*(lattice(group.markets[index].tick_size) for index, _ in supplies))
    search = _Search(logic_of(group.kind, len(books), group.logic), len(books))
    stack = list[Slice]()
    for _ in range(_ROUNDS_MAX):
        bought = {token for tokens, _ in stack for token in tokens}
        offers = {t: s for t, s in supplies.items() if s.levels and not _opposite(t) & bought}
        chosen = search.propose({t: s.atto for t, s in offers.items()}, bought)
        if chosen is None:
            break
        tokens, pays = chosen
        if len(tokens) == 1:
            # Certain by logic alone: such a relation is more likely wrong than the market.
            del supplies[tokens[0]]
            continue
        deep, short = _depth(offers, tokens, pays)
        size = Size(floor_to(deep, step))
        if size > 0 and all(offers[t].sendable(size, step) for t in tokens):
            stack.append((tokens, size))
            for token in tokens:
                supplies[token].take(size)
        else:
            del supplies[short]
    return stack


@dataclass(slots=True)
class _Supply:
    """One token's asks, cut to its lattice and to what is left of them. taken: bought so far."""

    levels: list[Level]
    rate: int
    min_order_size: Size
    taken: list[Level] = field(default_factory=list)

    @property
    def atto(self) -> int:
        """Return what one token costs at the best level that is left, fee included, in 1e-18."""
        return self.at(0)

    def at(self, index: int) -> int:
        """Return what one token of a level costs, fee included, in 1e-18."""
        price = self.levels[index].price
        return price * _PRICE_TO_ATTO + self.rate * price * (MICROS - price)

    def sendable(self, size: int, step: int) -> bool:
        """Return whether an order for this much more, and what was taken before, is allowed."""
        least = least_size([*self.taken, *self.levels], self.min_order_size, step)
        return least is not None and least <= size + sum(level.size for level in self.taken)

    def take(self, size: int) -> None:
        """Move so much from what is left to what is taken."""
        left = size
        while left > 0:
            price, there = self.levels[0]
            part = min(there, left)
            self.taken.append(Level(price, Size(part)))
            self.levels[:1] = [Level(price, Size(there - part))] if there > part else []
            left -= part


def _supplies(group: Group, books: Sequence[OrderBook], solution: Solution) -> dict[Token, _Supply]:
    """Return what can be bought of the tokens that the optimum buys."""
    wanted = [
        (index, outcome)
        for index in range(len(books))
        for outcome, taken in (
            (Outcome.YES, solution.yes[index]),
            (Outcome.NO, solution.no[index]),
        )
        if taken
    ]
    supplies = {}
    for index, outcome in wanted:
        market, asks = group.markets[index], books[index].seen_from(outcome).asks
        levels = [Level(p, Size(floor_to(s, lattice(market.tick_size)))) for p, s in asks]
        whole = [level for level in levels if level.size > 0]
        if whole:
            supplies[index, outcome] = _Supply(whole, market.fee.rate_micros, market.min_order_size)
    return supplies


def _opposite(token: Token) -> set[Token]:
    return {(token[0], token[1].opposite)}


def _depth(
    supplies: Mapping[Token, _Supply], tokens: Sequence[Token], pays: int
) -> tuple[int, Token]:
    """Return how many shares of each token pay together, and the token that limits them."""
    at = dict.fromkeys(tokens, 0)
    left = {token: int(supplies[token].levels[0].size) for token in tokens}
    size = 0
    while True:
        limit = min(tokens, key=lambda t: left[t])
        part = left[limit]
        size += part
        for token in tokens:
            left[token] -= part
            if left[token] == 0:
                at[token] += 1
                if at[token] == len(supplies[token].levels):
                    return size, token
                left[token] = int(supplies[token].levels[at[token]].size)
        if sum(supplies[token].at(at[token]) for token in tokens) >= pays * ONE_ATTO:
            return size, limit


class _Search:
    """Proposes the best set of single tokens. Keeps the worlds that refuted a proposal."""

    def __init__(self, logic: Logic, count: int) -> None:
        self._logic = logic
        self._count = count
        self._worlds = [frozenset(worst(logic, {}, count=count).winners)]

    def propose(
        self, atto: Mapping[Token, int], bought: AbstractSet[Token]
    ) -> tuple[tuple[Token, ...], int] | None:
        """Return the tokens whose worst payoff exceeds their price the most, and that payoff.

        atto: price of each token, in 1e-18. bought: tokens that are legs already. None where
        nothing pays.
        """
        tokens = sorted(atto, key=lambda token: (token[0], token[1].value))
        for _ in range(_ROUNDS_MAX):
            picked = best_choice(
                [atto[token] / ONE_ATTO for token in tokens],
                [[self._pays(token, world) for token in tokens] for world in self._worlds],
                fresh=[token not in bought for token in tokens],
                fresh_max=BATCH_MAX - len(bought),
            )
            if not picked:
                return None
            chosen = tuple(tokens[at] for at in picked)
            weights = dict[int, int]()
            for index, outcome in chosen:
                weights[index] = 1 if outcome is Outcome.YES else -1
            found = worst(self._logic, weights, count=self._count)
            pays = found.total + sum(outcome is Outcome.NO for _, outcome in chosen)
            world = frozenset(found.winners)
            if world not in self._worlds:
                self._worlds.append(world)
            elif sum(atto[token] for token in chosen) < pays * ONE_ATTO:
                return chosen, pays
            else:
                return None
        return None

    @staticmethod
    def _pays(token: Token, world: AbstractSet[int]) -> bool:
        return (token[0] in world) == (token[1] is Outcome.YES)
