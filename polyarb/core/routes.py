"""The best thing to do with a group's books, given what is held and what may be spent.

A route is one round: first what can be made on chain (conversions and merges of inventory, splits,
minted sets), then orders at the levels, then, to settle now, conversions and merges of what came of
it. The orders go out together, so what is sold must be held before them and what is bought must be
paid for without what the others bring. Within that form the linear program below is exact; it
proposes, and every route is performed and priced in integers.

A conversion of one market's NO, with merges of the others', leaves at least what a conversion of
all of them leaves, so single conversions suffice; where they cost nothing they are put together.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, IntEnum
from functools import partial
from itertools import product
from typing import Final

from polyarb.core.actions import (
    Action,
    Buy,
    Convert,
    Holdings,
    Impossible,
    Merge,
    MintSet,
    Quote,
    Sell,
    Split,
    Token,
    flow,
    on_offer,
    perform_all,
)
from polyarb.core.beliefs import World
from polyarb.core.book import OrderBook
from polyarb.core.market import Group, Outcome
from polyarb.core.money import MICROS, Collateral, Size
from polyarb.core.solvers.highs import Unproved
from polyarb.core.solvers.linear import UNBOUNDED, Program
from polyarb.core.solvers.pool import PICOS, Worlds

ROUNDS_MAX: Final = 400
"""Linear programs that one search may run."""

_YOCTO: Final = 1e24
_MICRO_IN_YOCTO: Final = 10**18
_LACKING: Final = 1e5
"""More than any unit of capital can earn: so nothing is bought with what is not there."""

_PLENTY: Final = Collateral(10**18)
"""Micros that no route can spend."""


class Objective(Enum):
    """What is maximised.

    HOLD: collateral and what the tokens pay in the worst core world, less what the inventory alone
    pays there. SETTLE_NOW: collateral after merges and conversions; tokens left over count nothing.
    """

    HOLD = "HOLD"
    SETTLE_NOW = "SETTLE_NOW"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Actions in an order in which they can be performed, and what they come to.

    profit: by the objective, charges rounded against us. exact: the same with exact prices and
    fees, in 1e-24. bound: no route of this form makes more, in 1e-24: to the solver's 1e-9, and to
    the micros that the chain lets go when it rounds conversion fees down. capital: collateral
    without which the order of actions breaks. worst_world: of a HOLD, who resolves YES in it.
    after: what is owned at the end, having begun with `capital`.
    """

    actions: tuple[Action, ...]
    profit: Collateral
    exact: int
    bound: int
    capital: Collateral
    worst_world: World
    after: Holdings


def best(
    group: Group,
    books: Sequence[OrderBook],
    *,
    inventory: Mapping[Token, int] | None = None,
    capital: int | None = None,
    objective: Objective = Objective.HOLD,
) -> Route:
    """Return the route with the largest profit; one without actions where nothing pays.

    books: in YES coordinates, one for each market, in the group's order. inventory: settled tokens.
    capital: the most collateral that may be out at any step, in micros; None for no limit. Sizes
    are whole micros: minimum orders and the share lattice are not looked at. Raises NoWorld,
    Unproved.
    """
    held = {token: size for token, size in (inventory or {}).items() if size}
    assert all(size > 0 for size in held.values()), held
    desk = _Desk(group, books, held, objective, Worlds(group))
    program, kept_back, bound = _RouteProgram(desk), 0, 0
    for _ in range(ROUNDS_MAX):
        sizes, limit = program.solve(None if capital is None else capital - kept_back)
        bound = bound if kept_back else limit
        if program.refuted(sizes):
            continue
        route = desk.route(program.wishes(sizes), bound)
        if capital is None or route.capital <= capital:
            return route if route.profit > 0 else desk.route((), bound)
        kept_back += route.capital - capital  # charges are rounded up, one by one
    raise Unproved(f"no route was settled after {ROUNDS_MAX} linear programs")


Wish = tuple[Callable[[Size], Action], Size]
"""An action of any size, and the size wished for."""


@dataclass(frozen=True, slots=True)
class _Desk:
    """The books, what is held before anything is done, and what is wanted."""

    group: Group
    books: Sequence[OrderBook]
    held: Mapping[Token, int]
    objective: Objective
    worlds: Worlds

    def route(self, wishes: Iterable[Wish], bound: int) -> Route:
        """Return what is left of the wishes when nothing may go below zero, priced."""
        start = Holdings(_PLENTY, self.held)
        actions, end = self._granted(wishes, start)
        if self.objective is Objective.SETTLE_NOW:
            settling = tuple(_settling(self.group, end))
            actions, end = actions + settling, self._performed(settling, end)
        least, at, exact = 0, 0, 0
        for action in actions:
            moved = flow(self.group, action)
            exact, at = exact + moved.exact, at + moved.collateral
            least = min(least, at)
        capital = Collateral(-least)
        after = self._performed(actions, replace(start, collateral=capital))
        worth, world = self._gain(after)
        return Route(
            actions=actions,
            profit=Collateral(after.collateral - capital + worth),
            exact=exact + worth * _MICRO_IN_YOCTO,
            bound=bound,
            capital=capital,
            worst_world=world,
            after=after,
        )

    def _gain(self, after: Holdings) -> tuple[int, World]:
        """Return what the tokens count more than at the start, and the worst world."""
        if self.objective is Objective.SETTLE_NOW:
            return 0, ()
        found = self.worlds.worst(after.tokens)
        return found.total - self.worlds.worst(self.held).total, found.winners

    def _granted(
        self, wishes: Iterable[Wish], holdings: Holdings
    ) -> tuple[tuple[Action, ...], Holdings]:
        actions = list[Action]()
        for make, wished in wishes:
            moved = flow(self.group, make(Size(MICROS)))
            short = (t for t, change in moved.tokens.items() if change < 0)
            most = [holdings.tokens.get(token, 0) for token in short]
            most += [
                on_offer(self.books, quote) - holdings.taken.get(quote, 0) for quote in moved.taken
            ]
            size = Size(min([wished, *most]))
            if size > 0 and not self._in_vain(make(size)):
                actions.append(make(size))
                holdings = self._performed(actions[-1:], holdings)
        return tuple(actions), holdings

    def _in_vain(self, action: Action) -> bool:
        """Return whether it is a sale of dust, of which the fee leaves nothing."""
        return isinstance(action, Sell) and flow(self.group, action).collateral <= 0

    def _performed(self, actions: Iterable[Action], holdings: Holdings) -> Holdings:
        after = perform_all(self.group, self.books, holdings, actions)
        assert not isinstance(after, Impossible), after.reason
        return after


def _settling(group: Group, holdings: Holdings) -> Iterator[Action]:
    """Yield the merges and conversions that turn the most tokens into collateral.

    With a conversion fee the rest of what the program did not convert is merged only.
    """
    no = dict[int, int]()
    for index in range(len(group.markets)):
        yes = holdings.tokens.get((index, Outcome.YES), 0)
        no[index] = holdings.tokens.get((index, Outcome.NO), 0)
        if pairs := min(yes, no[index]):
            yield Merge(index, Size(pairs))
            no[index] -= pairs
    if not group.convertible or group.fee_bips:
        return
    base = 0
    for size in sorted({size for size in no.values() if size}):
        chosen = tuple(index for index, held in no.items() if held >= size)
        if len(chosen) > 1:
            yield Convert(chosen, Size(size - base))
        base = size


class _Stage(IntEnum):
    """When an action is done. Orders go out together, between the two trips to the chain."""

    HELD = 0
    MADE = 1
    BOUGHT = 2
    SOLD = 3
    SETTLED = 4


@dataclass(frozen=True, slots=True)
class _Column:
    """An action in the program. gain, tokens: what one token's worth of it moves, in wholes."""

    index: int
    stage: _Stage
    make: Callable[[Size], Action]
    gain: float
    tokens: Mapping[Token, float]
    taken: Sequence[Quote]


_SELLING: Final = (_Stage.HELD, _Stage.MADE, _Stage.SOLD)
_PAYING: Final = (_Stage.HELD, _Stage.MADE, _Stage.BOUGHT)


def _trouble(stage: _Stage, action: Action) -> float:
    """Return what a token's worth of an action counts against itself, lest it be done in vain.

    Of equal routes the one that goes to the chain before its orders is taken last.
    """
    if stage in (_Stage.HELD, _Stage.MADE):
        return 2e-9
    return 1e-9 if isinstance(action, Convert) else 0.0


class _RouteProgram:
    """The linear program of all routes of one round.

    A column is an action, and its coefficients are what `flow` says of one token. Rows: tokens held
    after the first trip to the chain, after selling without what is bought, and in the end; the
    capital before anything is sold; every level; and to hold, what each world pays.
    """

    def __init__(self, desk: _Desk) -> None:
        self._desk, self._program = desk, Program()
        choices = sorted(self._choices(), key=lambda choice: choice[0])
        self._columns = [self._column(stage, make) for stage, make in choices]
        for stages in ((_Stage.HELD,), _SELLING, tuple(_Stage)):
            self._cover(stages)
        self._levels()
        paying = {c.index: c.gain for c in self._columns if c.stage in _PAYING}
        lacking = self._program.column(-_LACKING)
        self._capital = self._program.row(paying | {lacking: 1.0})
        self._baseline = 0.0
        self._nets = list[int]()
        if desk.objective is Objective.HOLD:
            self._value()

    def solve(self, capital: int | None) -> tuple[list[float], int]:
        """Return the value of every column, and the profit in 1e-24. capital: in micros."""
        if capital is not None:
            self._program.bound(self._capital, lower=-capital / MICROS)
        values = self._program.solve()
        profit = sum(column.gain * values[column.index] for column in self._columns)
        if self._nets:
            profit += values[self._worst] - self._baseline
        return values, round(profit * _YOCTO)

    def wishes(self, values: Sequence[float]) -> list[Wish]:
        """Return the actions that the program takes, in whole micros, in order.

        What settles for nothing is left to `_settling`, which needs fewer conversions for as much.
        """
        free = self._desk.group.fee_bips == 0
        columns = [c for c in self._columns if c.stage is not _Stage.SETTLED or not free]
        wishes = [(c.make, Size(round(values[c.index] * MICROS))) for c in columns]
        return [(make, size) for make, size in wishes if size > 0]

    def refuted(self, values: Sequence[float]) -> bool:
        """Return whether the tokens pay less in a world that was not known. It is known then."""
        nets = {market: round(values[at] * PICOS) for market, at in enumerate(self._nets)}
        world = self._desk.worlds.unknown(nets)
        if world is not None:
            self._add_world(world)
        return world is not None

    def _choices(self) -> Iterator[tuple[_Stage, Callable[[Size], Action]]]:
        group, books = self._desk.group, self._desk.books
        markets = range(len(group.markets))
        if self._desk.held:
            yield from self._on_chain(_Stage.HELD)
        for index in markets:
            yield _Stage.MADE, partial(Split, index)
            if group.convertible:
                yield _Stage.MADE, partial(MintSet, index)
        for index, outcome in product(markets, Outcome):
            own = books[index].seen_from(outcome)
            yield from ((_Stage.BOUGHT, partial(Buy, index, outcome, p)) for p, _ in own.asks)
            yield from ((_Stage.SOLD, partial(Sell, index, outcome, p)) for p, _ in own.bids)
        if self._desk.objective is Objective.SETTLE_NOW:
            yield from self._on_chain(_Stage.SETTLED)

    def _on_chain(self, stage: _Stage) -> Iterator[tuple[_Stage, Callable[[Size], Action]]]:
        group = self._desk.group
        for index in range(len(group.markets)) if group.convertible else ():
            yield stage, partial(Convert, (index,))
        for index in range(len(group.markets)):
            yield stage, partial(Merge, index)

    def _column(self, stage: _Stage, make: Callable[[Size], Action]) -> _Column:
        action = make(Size(MICROS))
        moved = flow(self._desk.group, action)
        gain = moved.exact / _YOCTO
        return _Column(
            index=self._program.column(gain - _trouble(stage, action)),
            stage=stage,
            make=make,
            gain=gain,
            tokens={token: size / MICROS for token, size in moved.tokens.items()},
            taken=tuple(moved.taken),
        )

    def _cover(self, stages: Collection[_Stage]) -> None:
        """Let no token that the actions of these stages spend go below zero after them."""
        for token, entries in self._totals(stages).items():
            if any(coefficient < 0 for coefficient in entries.values()):
                self._program.row(entries, lower=-self._desk.held.get(token, 0) / MICROS)

    def _totals(self, stages: Collection[_Stage]) -> dict[Token, dict[int, float]]:
        totals = dict[Token, dict[int, float]]()
        for column in self._columns:
            if column.stage in stages:
                for token, coefficient in column.tokens.items():
                    totals.setdefault(token, {})[column.index] = coefficient
        return totals

    def _levels(self) -> None:
        """Give each level one cap, for those who buy one token there and sell the other."""
        takers = dict[Quote, dict[int, float]]()
        for column in self._columns:
            for quote in column.taken:
                takers.setdefault(quote, {})[column.index] = 1.0
        for quote, entries in takers.items():
            self._program.row(entries, upper=on_offer(self._desk.books, quote) / MICROS)

    def _value(self) -> None:
        """Add what the tokens pay in the worst world: at most what they pay in each.

        The columns of the net positions count YES less NO, inventory included.
        """
        totals, held = self._totals(tuple(_Stage)), self._desk.held
        self._worst = self._program.column(1.0, lower=-UNBOUNDED)
        self._no = self._program.column(0.0, lower=-UNBOUNDED)
        paid = {self._no: -1.0}
        for index in range(len(self._desk.group.markets)):
            net = self._program.column(0.0, lower=-UNBOUNDED)
            yes, no = totals.get((index, Outcome.YES), {}), totals.get((index, Outcome.NO), {})
            entries = {net: -1.0}
            for column in yes.keys() | no.keys():
                entries[column] = yes.get(column, 0.0) - no.get(column, 0.0)
                paid[column] = paid.get(column, 0.0) + no.get(column, 0.0)
            have = held.get((index, Outcome.NO), 0) - held.get((index, Outcome.YES), 0)
            self._program.row(entries, lower=have / MICROS, upper=have / MICROS)
            self._nets.append(net)
        have = -sum(size for (_, outcome), size in held.items() if outcome is Outcome.NO)
        self._program.row(paid, lower=have / MICROS, upper=have / MICROS)
        self._baseline = self._desk.worlds.worst(held).total / MICROS
        for world in self._desk.worlds.known:
            self._add_world(world)

    def _add_world(self, winners: World) -> None:
        entries = {self._nets[market]: 1.0 for market in winners}
        self._program.row(entries | {self._no: 1.0, self._worst: -1.0}, lower=0.0)
