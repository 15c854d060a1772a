"""Background order flow of the simulated venue: makers, takers, and traders who make mistakes.

A pure function of the seed and the listed world. It never looks at a book: a command that finds
its order filled or its market resolved changes nothing, and the flow goes on as it would anyway.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from heapq import heappop, heappush
from itertools import islice
from random import Random
from typing import Final

from polyarb.core.money import MICROS, Price, Size, ceil_div, complement
from polyarb.core.order import MARKETABLE_MIN, Side, TimeInForce, lattice
from polyarb.venues.simulated.commands import (
    CARELESS,
    HASTY,
    MAKER,
    TAKER,
    Cancel,
    Command,
    ListEvent,
    Place,
    Resolve,
    encode,
)
from polyarb.venues.simulated.crossing import Spread, plan_large_crossing, plan_small_crossing
from polyarb.venues.simulated.desks import Desk, Pair, relations
from polyarb.venues.simulated.listings import Kind
from polyarb.venues.simulated.mispricing import Board, Mispricing, Way, plan_large, plan_small
from polyarb.venues.simulated.oracle import nested_winners
from polyarb.venues.simulated.quoting import Ladder
from polyarb.venues.simulated.world import ListedEvent, Listing, World, rolling_event

HASHED_COMMANDS: Final = 10_000
"""How many commands stand for a flow."""

_MOVE_MS: Final = (250, 550)
_REFRESH_MS: Final = (150, 400)
_TAKE_MS: Final = (350, 900)
_MISPRICE_MS: Final = (5_500, 8_000)
_HASTE_MS: Final = (9_000, 15_000)
_DISLOCATE_MS: Final = (4_000, 7_000)
_ROLL_MS: Final = (25_000, 40_000)
_FIRST_MISPRICING_MS: Final = (1_500, 3_500)
_CROSS_MS: Final = (6_000, 10_000)
_SMALL_CROSS_MS: Final = (10_000, 16_000)
_STAND_MS: Final = (2_000, 6_000)
_STAND_LONG_MS: Final = (30_000, 90_000)
_LONG: Final = 8
"""One crossing in this many stands for long."""

_STEP_ASIDE_MS: Final = (15, 45)
_LIFE_MS: Final = (20_000, 40_000)
_NO_ONE: Final = 5
"""One rolling event in this many ends without a winner."""


def background(seed: int, world: World) -> Iterator[Command]:
    """Yield the background's commands for ever, at_ms never falling. The first are due at 0."""
    flow = _Flow(Random(seed), world)  # noqa: S311 - repeatable, not secret
    flow.open()
    while True:
        flow.run_next()
        yield from flow.taken_out()


def flow_hash(seed: int, world: World, count: int = HASHED_COMMANDS) -> str:
    """Return the sha256 (hex) of the first `count` commands: equal for equal flows."""
    digest = sha256()
    for command in islice(background(seed, world), count):
        digest.update(encode(command))
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class _Stage:
    """Whose markets are mispriced by whom, and for how long. ladders: a plan's indexes."""

    desks: Sequence[Desk]
    ladders: Sequence[Ladder]
    trader: str
    stand_ms: int


@dataclass(slots=True)
class _Flow:
    """All state of one flow. Bounded: quotes by the ladders, the agenda by the activities."""

    rng: Random
    world: World
    desks: list[Desk] = field(default_factory=list)
    agenda: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)
    out: list[Command] = field(default_factory=list)
    now_ms: int = 0
    last_ref: int = 0
    entries: int = 0
    serial: int = 0

    def open(self) -> None:
        """Put the first quotes and every activity on the agenda."""
        self._after(0, self._open_desks)
        self._repeat(self._move, _MOVE_MS)
        self._repeat(self._refresh, _REFRESH_MS)
        self._repeat(self._take, _TAKE_MS)
        self._repeat(self._misprice, _MISPRICE_MS, first=_FIRST_MISPRICING_MS)
        self._repeat(self._haste, _HASTE_MS, first=(4_000, 8_000))
        self._repeat(self._cross, _CROSS_MS, first=(2_500, 5_000))
        self._repeat(self._cross_a_little, _SMALL_CROSS_MS, first=(6_000, 9_000))
        self._repeat(self._dislocate, _DISLOCATE_MS)
        self._repeat(self._roll, _ROLL_MS, first=(8_000, 14_000))

    def run_next(self) -> None:
        """Do what is due next."""
        self.now_ms, _, act = heappop(self.agenda)
        act()

    def taken_out(self) -> Iterator[Command]:
        """Yield the commands issued since the last call."""
        yield from self.out
        self.out.clear()

    def _after(self, delay_ms: int, act: Callable[[], None]) -> None:
        self.entries += 1
        heappush(self.agenda, (self.now_ms + delay_ms, self.entries, act))

    def _repeat(
        self, act: Callable[[], None], every: tuple[int, int], *, first: tuple[int, int] = (20, 900)
    ) -> None:
        def again() -> None:
            act()
            self._after(self._between(every), again)

        self._after(self._between(first), again)

    def _between(self, bounds: tuple[int, int]) -> int:
        return self.rng.randrange(bounds[0], bounds[1] + 1)

    def _open_desks(self) -> None:
        for listed in self.world.events:
            if listed.quoted:
                self._open_desk(Desk(listed, self._ladders(listed), end_ms=listed.life_ms))

    def _open_desk(self, desk: Desk) -> None:
        self.desks.append(desk)
        self._requote(desk.ladders)
        if desk.end_ms is not None:
            self._after(desk.end_ms - self.now_ms, lambda: self._settle(desk))

    def _ladders(self, listed: ListedEvent) -> tuple[Ladder, ...]:
        return tuple(Ladder(q, q.fair, self.rng.randrange(4, 8)) for q in listed.quoted)

    def _requote(self, ladders: Iterable[Ladder]) -> None:
        """Take back what should not stand, then place what is missing."""
        for ladder in ladders:
            for ref in ladder.drop_unwanted():
                self.out.append(Cancel(self.now_ms, ref, MAKER))
            for bid, price in ladder.missing():
                side = ladder.bids if bid else ladder.asks
                side[price] = self._rest(MAKER, ladder.listing, price, self._maker_size(), bid=bid)

    def _maker_size(self) -> Size:
        """Return 5..500 tokens in hundredths, small ones more often."""
        most = self.rng.randrange(2_000, 50_001)
        return Size(self.rng.randrange(500, most) * 10_000)

    def _rest(self, trader: str, listing: Listing, price: Price, size: Size, *, bid: bool) -> int:
        """Place a resting order at a YES price, on either token, and return its ref.

        A bid for YES is a purchase of YES or a sale of NO; both kinds rest, so that takers meet
        tokens changing hands, being minted and being merged.
        """
        side = Side.BUY if self.rng.randrange(4) else Side.SELL
        on_yes = bid is (side is Side.BUY)
        market = listing.market
        token = market.yes_token if on_yes else market.no_token
        own_price = price if on_yes else complement(price)
        return self._place(trader, token, side, own_price, size, tif=TimeInForce.GTC)

    def _place(
        self, trader: str, token: str, side: Side, price: Price, size: Size, *, tif: TimeInForce
    ) -> int:
        self.last_ref += 1
        self.out.append(Place(self.now_ms, self.last_ref, trader, token, side, price, size, tif))
        return self.last_ref

    def _idle(self, *, until_ms: int = 0) -> list[Desk]:
        return [d for d in self.desks if d.can_hold_until(self.now_ms + until_ms)]

    def _move(self) -> None:
        """Move probability from one outcome to another, or a market of its own up or down."""
        desk = self.rng.choice(self._idle())
        if desk.exclusive:
            down, up = self.rng.sample(desk.ladders, 2)
            moving = [(down, -1), (up, 1)]
        else:
            moving = [(self.rng.choice(desk.ladders), self.rng.choice((-1, 1)))]
        if all(ladder.may_move(sign * ladder.step) for ladder, sign in moving):
            for ladder, sign in moving:
                ladder.fair += sign * ladder.step
            self._requote(ladder for ladder, _ in moving)

    def _refresh(self) -> None:
        """Replace one quote, which may have been taken, by a new one at the same price."""
        ladder = self.rng.choice(self.rng.choice(self.desks).ladders)
        side = self.rng.choice((ladder.bids, ladder.asks))
        if side:
            ref = side.pop(self.rng.choice(sorted(side)))
            self.out.append(Cancel(self.now_ms, ref, MAKER))
            self._requote([ladder])

    def _take(self) -> None:
        """Buy or sell a little, at any price up to a step behind the best quote."""
        ladder = self.rng.choice(self.rng.choice(self._idle()).ladders)
        market, tick = ladder.listing.market, ladder.tick
        side, on_yes = self.rng.choice((Side.BUY, Side.SELL)), self.rng.choice((True, False))
        lifts = on_yes is (side is Side.BUY)
        yes_price = ladder.best_ask() + tick if lifts else ladder.best_bid() - tick
        yes_price = Price(min(MICROS - tick, max(tick, yes_price)))
        token = market.yes_token if on_yes else market.no_token
        price = yes_price if on_yes else complement(yes_price)
        size = self._taker_size(market.tick_size, price)
        self._place(TAKER, token, side, price, size, tif=TimeInForce.FAK)

    def _taker_size(self, tick: Price, price: Price) -> Size:
        """Return a size worth at least 1.00 that costs whole cents at every price on the tick."""
        unit = lattice(tick)
        least = max(5 * MICROS, ceil_div(MARKETABLE_MIN * MICROS, price))
        steps = ceil_div(least, unit) + self.rng.randrange(1 + 40 * MICROS // unit)
        return Size(steps * unit)

    def _dislocate(self) -> None:
        """Let a lone market jump and come back."""
        alone = [d for d in self._idle() if len(d.ladders) == 1]
        if not alone:
            return
        desk = self.rng.choice(alone)
        (ladder,) = desk.ladders
        jump = self.rng.choice((-1, 1)) * self.rng.randrange(3, 7) * ladder.step
        if ladder.may_move(jump):
            desk.busy = True
            ladder.fair += jump
            self._requote(desk.ladders)
            self._after(self._between((800, 2_000)), lambda: self._come_back(desk, jump))

    def _come_back(self, desk: Desk, jump: int) -> None:
        desk.ladders[0].fair -= jump
        desk.busy = False
        self._requote(desk.ladders)

    def _misprice(self) -> None:
        """Let the careless trader misprice one event by clearly more than the fees."""
        desks = self._mispriceable(lambda d: d.listed.kind is not Kind.TRUNCATED)
        if not desks:
            return
        desk = self.rng.choice(desks)
        way = Way.BIDS_OVER
        if desk.listed.kind is Kind.DECIDED and self.rng.randrange(5) < 2:
            way = Way.ASKS_UNDER
        self._begin(desk, CARELESS, way, lambda board: plan_large(self.rng, board, way))

    def _haste(self) -> None:
        """Let the hasty trader misprice one event by less than the fees."""
        kinds = (Kind.DECIDED, Kind.OPEN_ENDED)
        desks = self._mispriceable(lambda d: d.listed.kind in kinds)
        if desks:
            desk = self.rng.choice(desks)
            self._begin(desk, HASTY, Way.BIDS_OVER, lambda board: plan_small(self.rng, board))

    def _mispriceable(self, wanted: Callable[[Desk], bool]) -> list[Desk]:
        span = _STAND_MS[1] + _STEP_ASIDE_MS[1] + 1
        return [d for d in self._idle(until_ms=span) if d.exclusive and wanted(d)]

    def _cross(self) -> None:
        """Let the careless trader bid more for a market than he asks for one that it implies."""
        long = self.rng.randrange(_LONG) == 0
        self._cross_pair(CARELESS, plan_large_crossing, _STAND_LONG_MS if long else _STAND_MS)

    def _cross_a_little(self) -> None:
        """Let the hasty trader do so by less than the fees."""
        self._cross_pair(HASTY, plan_small_crossing, _STAND_MS)

    def _cross_pair(
        self,
        trader: str,
        plan_for: Callable[[Random, Spread], Mispricing | None],
        stand: tuple[int, int],
    ) -> None:
        stand_ms = self._between(stand)
        end_ms = self.now_ms + stand_ms + _STEP_ASIDE_MS[1] + 1
        free = [[p for p in some if p.can_hold_until(end_ms)] for some in relations(self.desks)]
        free = [some for some in free if some]
        if free:
            pair = self.rng.choice(self.rng.choice(free))
            plan = plan_for(self.rng, self._spread(pair))
            ladders = (pair.narrow, pair.wide)
            self._step_aside(_Stage(pair.desks, ladders, trader, stand_ms), plan)

    def _spread(self, pair: Pair) -> Spread:
        """Return where the pair stands; bids of an exclusive event are not to sum to more."""
        share = 0 if pair.narrow_desk.exclusive else self.rng.randrange(5)
        return Spread(
            narrow=pair.narrow.listing.market,
            wide=pair.wide.listing.market,
            bid=pair.narrow.best_bid(),
            ask=pair.wide.best_ask(),
            share=share,
        )

    def _begin(
        self, desk: Desk, trader: str, way: Way, plan_for: Callable[[Board], Mispricing | None]
    ) -> None:
        ladders = [la for la in desk.ladders if not la.listing.other]
        plan = plan_for(_board(ladders, way))
        self._step_aside(_Stage((desk,), ladders, trader, self._between(_STAND_MS)), plan)

    def _step_aside(self, stage: _Stage, plan: Mispricing | None) -> None:
        """Let the makers step aside, and put the trader's orders shortly after."""
        if plan is None:
            return
        for guard in plan.guards:
            if guard.way is Way.BIDS_OVER:
                stage.ladders[guard.index].ask_floor = guard.price
            else:
                stage.ladders[guard.index].bid_cap = guard.price
        for desk in stage.desks:
            desk.busy = True
            self._requote(desk.ladders)
        self._after(self._between(_STEP_ASIDE_MS), lambda: self._stand(stage, plan))

    def _stand(self, stage: _Stage, plan: Mispricing) -> None:
        refs = [
            self._rest(
                stage.trader,
                stage.ladders[q.index].listing,
                q.price,
                q.size,
                bid=q.way is Way.BIDS_OVER,
            )
            for q in plan.quotes
        ]
        self._after(stage.stand_ms, lambda: self._end(stage, refs))

    def _end(self, stage: _Stage, refs: Sequence[int]) -> None:
        """Take the trader's orders back, then let the makers return."""
        self.out.extend(Cancel(self.now_ms, ref, stage.trader) for ref in refs)
        for ladder in stage.ladders:
            ladder.ask_floor, ladder.bid_cap = 0, MICROS
        for desk in stage.desks:
            desk.busy = False
            self._requote(desk.ladders)

    def _roll(self) -> None:
        """List a short-lived event and make a market in it until it is resolved."""
        life_ms = self._between(_LIFE_MS)
        end_ms, start_ns = self.now_ms + life_ms, self.world.start_ns
        listed = rolling_event(
            self.serial,
            now_ns=start_ns + self.now_ms * 10**6,
            end_ns=start_ns + end_ms * 10**6,
        )
        self.out.append(ListEvent(self.now_ms, self.serial, end_ms))
        self.serial += 1
        desk = Desk(listed, self._ladders(listed), end_ms=end_ms)
        self._open_desk(desk)

    def _settle(self, desk: Desk) -> None:
        """Withdraw all quotes and resolve every market as the event's rules allow."""
        self.desks.remove(desk)
        for ladder in desk.ladders:
            self.out.extend(Cancel(self.now_ms, ref, MAKER) for ref in ladder.withdraw())
        questions = desk.listed.questions
        for question, wins in zip(questions, self._winners(desk), strict=True):
            payout = Price(MICROS if wins else 0)
            self.out.append(Resolve(self.now_ms, question.market.condition_id, payout))

    def _winners(self, desk: Desk) -> list[bool]:
        """Draw what is nested by one number, else one winner or none."""
        questions = desk.listed.questions
        if desk.listed.kind is Kind.NESTED:
            return nested_winners([q.fair for q in questions], self.rng)
        winner = self.rng.choice(questions) if self.rng.randrange(_NO_ONE) else None
        return [question is winner for question in questions]


def _board(ladders: Sequence[Ladder], way: Way) -> Board:
    market = ladders[0].listing.market
    bid = way is Way.BIDS_OVER
    return Board(
        bests=[ladder.best_bid() if bid else ladder.best_ask() for ladder in ladders],
        tick=market.tick_size,
        fee=market.fee,
    )
