"""Exact full-depth arbitrage of markets under any logic: cutting planes with a worst-world oracle.

A linear program finds the best portfolio against the worlds known so far, which bounds from above
what can be guaranteed; an integer program finds the world that is worst for it, which bounds from
below what it guarantees. That world is added until none is worse than those known. Worlds do not
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
"""Worlds kept of each set of tied markets."""

ROUNDS_MAX: Final = 400
"""Linear programs that one solve may run."""

_SHAVES_MAX: Final = 1_000


class GeneralSolver:
    """Finds the best portfolio of one GENERAL group, tick after tick.

    The same books in the same order give the same solutions. Of equal portfolios the one found may
    depend on the ticks before. pool_max: worlds kept of each set of tied markets between solves,
    beside those that the last proof needs. Raises NoWorld where the logic admits nothing.
    """

    def __init__(
        self, group: Group, *, pool_max: int = POOL_MAX, rounds_max: int = ROUNDS_MAX
    ) -> None:
        assert group.kind is GroupKind.GENERAL, group.kind
        self._logic, self._rounds_max, self._pool_max = group.logic, rounds_max, pool_max
        logic = merged(group.logic)
        sets = components(logic, len(group.markets))
        self._quoted = [_Quoted(market) for market in group.markets]
        self._master = Master(sets)
        self._pools = [_Pool(markets, Oracle(_within(logic, markets), markets)) for markets in sets]
        self._searches = 0
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
        self._take(books)
        self._master.set_capital(capital)
        self._trim()
        for _ in range(self._rounds_max):
            optimum = self._master.solve()
            proof = self._proof(optimum, capital)
            if proof.bound <= NEGLIGIBLE:
                return self._solution(proof, None)
            basket = _Basket(self._quoted, optimum)
            if capital is not None:
                basket.fit(capital)
            worst = self._searched(basket.nets())
            if worst is not None:
                basket.settle(worst)
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

    def _learn(self, fresh: Iterable[tuple[int, World]], parts: Iterable[World]) -> None:
        """Add worlds of sets. parts: one of each set, which together must be a world."""
        assert admits(self._logic, {market for part in parts for market in part})
        for place, world in fresh:
            self._pools[place].add(world)
            self._master.add_world(place, world)

    def _trim(self) -> None:
        """Drop the worlds that proved nothing for longest, down to half the bound."""
        for place, pool in enumerate(self._pools):
            if len(pool.worlds) > self._pool_max:
                self._master.drop_worlds(place, pool.drop(self._pool_max // 2))

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
            pool.use(world for _, world in held)
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

    def __init__(self, markets: Sequence[int], oracle: Oracle) -> None:
        self.markets, self.oracle = markets, oracle
        self.worlds: list[World] = []
        self._last_used: dict[World, int] = {}
        self._clock = 0

    def add(self, world: World) -> None:
        assert world not in self._last_used, world
        self.worlds.append(world)
        self._last_used[world] = self._clock

    def use(self, worlds: Iterable[World]) -> None:
        self._clock += 1
        self._last_used |= dict.fromkeys(worlds, self._clock)

    def drop(self, kept: int) -> list[int]:
        """Forget all but the `kept` last used, and return their positions."""
        at = sorted(range(len(self.worlds)), key=lambda i: (-self._last_used[self.worlds[i]], i))
        dropped = sorted(i for i in at[kept:] if self._last_used[self.worlds[i]] < self._clock)
        for i in reversed(dropped):
            del self._last_used[self.worlds.pop(i)]
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
