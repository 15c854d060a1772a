"""Exact full-depth arbitrage of markets under any logic: cutting planes with a worst-world oracle.

A linear program finds the best portfolio against the worlds known so far, which bounds from above
what can be guaranteed; branch and bound finds the world that is worst for it, and so exactly what
it guarantees. That world is added until none is worse than those known. Worlds do not
depend on prices, so they are kept from tick to tick, and most ticks need no search or one.

The linear program works in floating point; what is returned is counted in integers.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from polyarb.core.arbitrage import ONE_ATTO, Solution
from polyarb.core.beliefs import Belief, World, belief, joined, marginals
from polyarb.core.book import Level, OrderBook
from polyarb.core.cliques import components, merged
from polyarb.core.logic import Literal, Logic, admits, market_of
from polyarb.core.market import Group, GroupKind, Market
from polyarb.core.money import MICROS, Size, ceil_div, complement
from polyarb.core.points import ask_point, bid_point
from polyarb.core.solvers.highs import Unproved
from polyarb.core.solvers.master import Master, Optimum
from polyarb.core.solvers.oracle import Oracle

NEGLIGIBLE: Final = 10**15
"""1e-9 collateral in 1e-24: what is not worth a search. True profits are 1e-7 and more."""

POOL_MAX: Final = 400
"""Worlds kept of each set of tied markets, or two for each of its markets if that is more."""

ROUNDS_MAX: Final = 400
"""Linear programs that one solve may run."""

_SHAVES_MAX: Final = 1_000
"""Micros that a portfolio may have to give back, of each level in part, to fit its capital."""

_PICOS: Final = 10**12
_PICOS_STEP: Final = 500
"""In 1e-12 tokens, how much worse a world must be to matter: below it the program is noise."""


class GeneralSolver:
    """Finds the best portfolio of one GENERAL group, tick after tick.

    The same books in the same order give the same solutions. Of equal portfolios the one found may
    depend on the ticks before. pool_max: as `POOL_MAX`. Raises NoWorld where the logic admits
    nothing.
    """

    def __init__(
        self, group: Group, *, pool_max: int = POOL_MAX, rounds_max: int = ROUNDS_MAX
    ) -> None:
        assert group.kind is GroupKind.GENERAL, group.kind
        self._logic, self._rounds_max = group.logic, rounds_max
        logic = merged(group.logic)
        sets = components(logic, len(group.markets))
        self._quoted = [_Quoted(market) for market in group.markets]
        self._master = Master(sets)
        self._pools = [_Pool(_within(logic, markets), markets, pool_max) for markets in sets]
        self._searches = self._solves = 0
        first = [pool.oracle.worst({}).winners for pool in self._pools]
        self._learn(list(enumerate(first)), first)

    @property
    def searches(self) -> int:
        """Return how often a worst world was searched for since the start."""
        return self._searches

    @property
    def world_count(self) -> int:
        """Return how many worlds are kept."""
        return sum(len(pool.worlds) for pool in self._pools)

    def solve(self, books: Sequence[OrderBook], *, capital: int | None = None) -> Solution:
        """Return the portfolio whose guaranteed profit is the largest at these books.

        books: in YES coordinates, one for each market, in the group's order. capital: the most that
        the portfolio may cost with fees, in micros. The profit is what the portfolio returned nets
        in its worst world, exactly; the best of any sizes is at most `gap` more. Raises Unproved
        after `rounds_max` rounds; the worlds found stay, so that the next solve goes on from there.
        """
        self._solves += 1
        self._take(books)
        self._master.set_capital(capital)
        try:
            return self._settled(capital)
        finally:
            self._trim()

    def _settled(self, capital: int | None) -> Solution:
        for _ in range(self._rounds_max):
            optimum = self._master.solve()
            proof = self._proof(optimum, capital)
            if proof.bound <= NEGLIGIBLE:
                return self._solution(proof, None)
            basket = _Basket(self._quoted, optimum)
            if capital is not None:
                basket.fit(capital)
            worst = self._searched(basket.nets())
            if worst is None:
                continue
            basket.settle(worst)
            if proof.bound - basket.profit <= NEGLIGIBLE or not self._sharpened(optimum.nets):
                return self._solution(proof, basket)
        raise Unproved(f"the worst world still fell after {self._rounds_max} rounds")

    def _take(self, books: Sequence[OrderBook]) -> None:
        for index, (quoted, book) in enumerate(zip(self._quoted, books, strict=True)):
            if quoted.take(book):
                self._master.set_levels(index, asks=quoted.asks, bids=quoted.bids)

    def _searched(self, nets: Sequence[int]) -> int | None:
        """Return what the worst world pays, None if it was unknown: it is known now.

        nets: YES minus NO held of each market, in micros.
        """
        self._searches += 1
        worst = [pool.oracle.worst({m: nets[m] for m in pool.markets}) for pool in self._pools]
        fresh = [
            (place, found.winners)
            for place, (pool, found) in enumerate(zip(self._pools, worst, strict=True))
            if found.total < pool.worst_known(nets)
        ]
        if not fresh:
            return sum(found.total for found in worst)
        self._learn(fresh, [found.winners for found in worst])
        return None

    def _sharpened(self, nets: Sequence[float]) -> bool:
        """Return whether a world was learnt that only parts of micros can tell apart.

        Whole micros may be worth less than the program's optimum because it takes parts of them, or
        because it lacks a world; the bound is as low as it can be once it lacks none.
        """
        picos = [round(net * _PICOS) for net in nets]
        fresh = list[tuple[int, World]]()
        parts = list[World]()
        for place, pool in enumerate(self._pools):
            found = pool.oracle.worst({m: picos[m] for m in pool.markets}, _PICOS_STEP)
            parts.append(found.winners)
            if found.total < pool.worst_known(picos) - _PICOS_STEP:
                fresh.append((place, found.winners))
        self._learn(fresh, parts)
        return bool(fresh)

    def _learn(self, fresh: Iterable[tuple[int, World]], parts: Iterable[World]) -> None:
        """Add worlds of sets. parts: one of each set, which together must be a world."""
        assert admits(self._logic, {market for part in parts for market in part})
        for place, world in fresh:
            self._pools[place].use([world], self._solves)
            self._master.add_world(place, world)

    def _trim(self) -> None:
        """Drop the worlds that proved nothing for longest, where there are too many."""
        for place, pool in enumerate(self._pools):
            if dropped := pool.trim():
                self._master.drop_worlds(place, dropped)

    def _proof(self, optimum: Optimum, capital: int | None) -> "_Proof":
        """Return the exact bound that the weights prove, and the weights."""
        beliefs = [
            belief(weights, pool.worlds)
            for weights, pool in zip(optimum.weights, self._pools, strict=True)
        ]
        believed = marginals(beliefs, len(self._quoted))
        price = max(0, int(optimum.capital_price * ONE_ATTO)) if capital is not None else 0
        bound = price * (capital or 0) * ONE_ATTO + sum(
            quoted.excess(marginal, price)
            for quoted, marginal in zip(self._quoted, believed, strict=True)
        )
        return _Proof(ceil_div(bound, ONE_ATTO), beliefs, believed, price)

    def _solution(self, proof: "_Proof", basket: "_Basket | None") -> Solution:
        for pool, held in zip(self._pools, proof.beliefs, strict=True):
            pool.use((world for _, world in held), self._solves)
        nothing: tuple[tuple[Level, ...], ...] = ((),) * len(self._quoted)
        profit, yes, no = 0, nothing, nothing
        if basket is not None and basket.profit > 0:
            profit, (yes, no) = basket.profit, basket.levels()
        assert 0 <= profit <= proof.bound, (profit, proof.bound)
        return Solution(
            profit=profit,
            multiplier=0,
            marginals=proof.marginals,
            yes=yes,
            no=no,
            weights=tuple(joined(proof.beliefs)),
            gap=proof.bound - profit,
            capital_price=proof.capital_price,
        )


@dataclass(frozen=True, slots=True)
class _Proof:
    """Why no portfolio guarantees more than `bound` (in 1e-24)."""

    bound: int
    beliefs: list[Belief]
    marginals: tuple[int, ...]
    capital_price: int


class _Pool:
    """The known worlds of a set of tied markets, in the order of the program's rows."""

    def __init__(self, logic: Logic, markets: Sequence[int], size_max: int) -> None:
        self.markets, self.oracle = markets, Oracle(logic, markets)
        self.worlds: list[World] = []
        self._last_used: dict[World, int] = {}
        # A proof needs a world more than the set has markets: half of what is kept holds it.
        self._size_max = max(size_max, 2 * (len(markets) + 1))

    def use(self, worlds: Iterable[World], now: int) -> None:
        """Note that these worlds mattered, new ones among them."""
        for world in worlds:
            if world not in self._last_used:
                self.worlds.append(world)
            self._last_used[world] = now

    def trim(self) -> list[int]:
        """Forget all but the last used half if there are too many; return their positions."""
        if len(self.worlds) <= self._size_max:
            return []
        ages = [(self._last_used[world], at) for at, world in enumerate(self.worlds)]
        dropped = sorted(at for _, at in sorted(ages)[: -(self._size_max // 2)])
        for at in reversed(dropped):
            del self._last_used[self.worlds.pop(at)]
        return dropped

    def worst_known(self, nets: Sequence[int]) -> int:
        """Return the least that a known world pays."""
        return min(sum(nets[market] for market in world) for world in self.worlds)


class _Quoted:
    """One market's levels at their points: (point in 1e-18, size), best first."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self.book: OrderBook | None = None
        self.asks: list[tuple[int, int]] = []
        self.bids: list[tuple[int, int]] = []

    def take(self, book: OrderBook) -> bool:
        """Take the book as it is now, and return whether a level changed."""
        last, self.book = self.book, book
        if last is not None and (last.bids, last.asks) == (book.bids, book.asks):
            return False
        self.asks = [(ask_point(self._market, price), size) for price, size in book.asks]
        self.bids = [(bid_point(self._market, price), size) for price, size in book.bids]
        return True

    def excess(self, marginal: int, capital_price: int) -> int:
        """Return what taking all that pays earns at this probability, in 1e-42.

        capital_price: what every unit of cost must earn besides, in 1e-18.
        """
        dear, cheap = ONE_ATTO + capital_price, ONE_ATTO - marginal
        asks = (max(0, marginal * ONE_ATTO - point * dear) * size for point, size in self.asks)
        bids = (
            max(0, cheap * ONE_ATTO - (ONE_ATTO - point) * dear) * size for point, size in self.bids
        )
        return sum(asks) + sum(bids)


class _Basket:
    """What the program takes, in whole micros. profit: in the worst world, known after `settle`."""

    def __init__(self, quoted: Sequence[_Quoted], optimum: Optimum) -> None:
        self._quoted = quoted
        self._yes = [_whole(taken, q.asks) for taken, q in zip(optimum.asks, quoted, strict=True)]
        self._no = [_whole(taken, q.bids) for taken, q in zip(optimum.bids, quoted, strict=True)]
        self.profit = 0

    def nets(self) -> list[int]:
        """Return YES minus NO of each market, in micros."""
        return [sum(yes) - sum(no) for yes, no in zip(self._yes, self._no, strict=True)]

    def fit(self, capital: int) -> None:
        """Give back micros, of levels taken in part first, until the cost is within `capital`."""
        for _ in range(_SHAVES_MAX):
            cost = self._cost() + ONE_ATTO * sum(map(sum, self._no))
            if cost <= capital * ONE_ATTO:
                return
            self._shave()
        raise Unproved(f"the portfolio costs more than {capital} micros")

    def settle(self, worst: int) -> None:
        """Take what the worst world pays for the net positions, in micros."""
        self.profit = worst * ONE_ATTO - self._cost()

    def levels(self) -> tuple[tuple[tuple[Level, ...], ...], tuple[tuple[Level, ...], ...]]:
        """Return (YES asks, NO asks) taken of each market."""
        yes, no = list[tuple[Level, ...]](), list[tuple[Level, ...]]()
        for quoted, asks, bids in zip(self._quoted, self._yes, self._no, strict=True):
            assert quoted.book is not None
            yes.append(tuple(_levels(quoted.book.asks, asks)))
            sold = _levels(quoted.book.bids, bids)
            no.append(tuple(Level(complement(price), size) for price, size in sold))
        return tuple(yes), tuple(no)

    def _cost(self) -> int:
        """Return what YES costs less what bids leave of each 1.00, in 1e-24."""
        cost = 0
        for quoted, asks, bids in zip(self._quoted, self._yes, self._no, strict=True):
            cost += sum(p * taken for (p, _), taken in zip(quoted.asks, asks, strict=True))
            cost -= sum(p * taken for (p, _), taken in zip(quoted.bids, bids, strict=True))
        return cost

    def _shave(self) -> None:
        parts, wholes = list[tuple[list[int], int]](), list[tuple[list[int], int]]()
        for quoted, *sides in zip(self._quoted, self._yes, self._no, strict=True):
            for sizes, offered in zip(sides, (quoted.asks, quoted.bids), strict=True):
                at = max((i for i, size in enumerate(sizes) if size), default=None)
                if at is not None:
                    (parts if sizes[at] < offered[at][1] else wholes).append((sizes, at))
        for sizes, at in parts or wholes:
            sizes[at] -= 1


def _whole(taken: Sequence[float], offered: Sequence[tuple[int, int]]) -> list[int]:
    return [
        min(max(round(amount * MICROS), 0), size)
        for amount, (_, size) in zip(taken, offered, strict=True)
    ]


def _levels(offered: Sequence[Level], sizes: Sequence[int]) -> list[Level]:
    return [
        Level(price, Size(size)) for (price, _), size in zip(offered, sizes, strict=True) if size
    ]


def _within(logic: Logic, markets: Collection[int]) -> Logic:
    """Return the constraints that speak of these markets, which no other constraint names."""

    def inside(literals: Sequence[Literal]) -> bool:
        return any(market_of(literal) in markets for literal in literals)

    return Logic(
        cliques=tuple(clique for clique in logic.cliques if inside(clique)),
        clauses=tuple(clause for clause in logic.clauses if inside(clause)),
    )
