from collections import Counter
from dataclasses import dataclass, field
from random import Random

import pytest

from polyarb.core.book import LiveBook
from polyarb.core.money import MICROS, Collateral, Price, Size, complement
from polyarb.core.order import CENT, Side, TimeInForce, TradeState, market_buy_amounts
from polyarb.venues.simulated.records import (
    ActionReverted,
    BookChanged,
    ExchangeRules,
    PlacedStatus,
    Placement,
    Trade,
    TradeChanged,
)
from polyarb.venues.simulated.settlement import FAILED
from unit.venues.simulated.desk import (
    BINARY,
    GROUP,
    NO,
    POLITICS,
    QUESTIONS,
    YES,
    Desk,
    condition,
)

COMMANDS = 1_200
TICK = 10_000
ACCOUNTS = ("ann", "bob", "cat", "maker")
TRADED = {BINARY: (YES, NO)} | {condition(i): (f"y{i}", f"n{i}") for i in range(QUESTIONS - 1)}


@dataclass
class Run:
    """One random run with books and collateral followed from what the exchange says alone."""

    rng: Random
    desk: Desk = field(default_factory=lambda: Desk(ExchangeRules(), fee=POLITICS, fee_bips=25))
    books: dict[str, LiveBook] = field(
        default_factory=lambda: {c: LiveBook(Price(TICK)) for c in TRADED}
    )
    trades: dict[str, Trade] = field(default_factory=dict)
    actions: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)

    def step(self) -> None:
        """Give one random command and check every invariant."""
        kind = self.rng.choices(("place", "cancel", "token", "wait", "fail"), (70, 12, 12, 5, 1))[0]
        getattr(self, f"_{kind}")()
        self._follow()
        self.desk.exchange.audit()
        for condition_id, book in self.books.items():
            shown = self.desk.exchange.book(condition_id)
            assert not shown.crossed, condition_id
            assert (book.view().bids, book.view().asks) == (shown.bids, shown.asks)

    def _place(self) -> None:
        who, rng = self.rng.choice(ACCOUNTS), self.rng
        token = rng.choice(rng.choice(list(TRADED.values())))
        price = Price(rng.randrange(40, 61) * TICK)
        size = rng.randrange(500, 20_000) * CENT
        side = rng.choice(list(Side))
        tif = rng.choice([TimeInForce.GTC, TimeInForce.GTC, TimeInForce.FAK, TimeInForce.FOK])
        amounts = (size * price // MICROS, size)
        if side is Side.SELL:
            amounts = (size, size * price // MICROS)
        elif tif is not TimeInForce.GTC:
            amounts = market_buy_amounts(dollars=Collateral(amounts[0]), limit_price=price)
        # The desk takes it for a mistake in a test when an order of the maker is killed.
        who = "cat" if who == "maker" and tif is not TimeInForce.GTC else who
        placement = self.desk.post(who, token, side, amounts, tif=tif)
        self.done[f"{tif.value} {placement.status.name}"] += 1
        self._check_limit(placement, side, price)

    def _check_limit(self, placement: Placement, side: Side, price: Price) -> None:
        if placement.status is PlacedStatus.MATCHED:
            making, taking = placement.making, placement.taking
            if side is Side.BUY:
                assert making * MICROS <= taking * price
            else:
                assert taking * MICROS >= making * price

    def _cancel(self) -> None:
        who = self.rng.choice(ACCOUNTS)
        orders = self.desk.exchange.open_orders(who)
        if orders:
            order_id = self.rng.choice(orders).order_id
            assert self.desk.exchange.cancel(who, order_id, now_ms=self.desk.now_ms)
            self.done["cancel"] += 1

    def _token(self) -> None:
        """Split, merge or convert a random amount; a revert is a fine outcome."""
        desk, rng = self.desk, self.rng
        who, amount = rng.choice(ACCOUNTS[:3]), Size(rng.randrange(1, 60 * MICROS))
        condition_id = rng.choice(list(TRADED))
        kind = rng.choice(("split", "merge", "convert"))
        index_set = rng.randrange(1, 2**QUESTIONS)
        fee = amount * 25 // 10_000
        try:
            if kind == "split":
                desk.exchange.split(
                    who, condition_id=condition_id, amount=amount, now_ms=desk.now_ms
                )
                self.actions[who] -= amount
            elif kind == "merge":
                desk.exchange.merge(
                    who, condition_id=condition_id, amount=amount, now_ms=desk.now_ms
                )
                self.actions[who] += amount
            else:
                desk.exchange.convert(
                    who, neg_risk_market_id=GROUP, index_set=index_set, amount=amount,
                    now_ms=desk.now_ms,
                )  # fmt: skip
                self.actions[who] += (index_set.bit_count() - 1) * (amount - fee)
            self.done[kind] += 1
        except ActionReverted:
            self.done[f"{kind} reverted"] += 1

    def _wait(self) -> None:
        self.desk.wait(self.rng.randrange(10_000))

    def _fail(self) -> None:
        self.desk.fates.append(FAILED)

    def _follow(self) -> None:
        for update in self.desk.updates():
            if isinstance(update, BookChanged):
                book = self.books[update.condition_id]
                for level in update.levels:
                    (book.set_bid if level.bid else book.set_ask)(level.price, level.size)
                view = book.view()
                assert (view.best_bid, view.best_ask) == (update.best_bid, update.best_ask)
            elif isinstance(update, TradeChanged):
                self.trades[update.trade.trade_id] = update.trade

    def cash(self, who: str) -> int:
        """Return what `who` must own, from the trade records and the actions alone."""
        cash = self.actions[who]
        for trade in self.trades.values():
            if trade.state is TradeState.FAILED:
                continue
            if trade.taker_account == who:
                notional = trade.size * trade.price // MICROS
                cash += (-notional if trade.side is Side.BUY else notional) - trade.fee
            for maker in trade.maker_orders:
                if maker.account == who:
                    notional = maker.matched_amount * maker.price // MICROS
                    cash += -notional if maker.side is Side.BUY else notional
        return cash


@pytest.mark.parametrize("seed", range(4))
def test_nothing_appears_or_vanishes_in_a_random_run(seed: int) -> None:
    """After each of 4 x 1,200 commands all tokens are backed, collateral is there, books agree."""
    run = Run(Random(seed))

    for _ in range(COMMANDS):
        run.step()
    run.desk.wait()
    run._follow()

    for who in ("ann", "bob", "cat"):
        assert run.desk.exchange.statement(who).cash_change == run.cash(who), (seed, who)
    kinds = Counter(_kind(t) for t in run.trades.values())
    assert min(kinds[k] for k in ("complementary", "mint", "merge", "mixed")) > 0, (seed, kinds)
    states = Counter(t.state for t in run.trades.values())
    assert states[TradeState.FAILED] > 0, (seed, states)
    assert states[TradeState.CONFIRMED] > 100, (seed, states)
    for needed in ("split", "merge", "convert", "cancel", "FOK MATCHED", "FAK MATCHED", "GTC LIVE"):
        assert run.done[needed] > 0, (seed, run.done)


def _kind(trade: Trade) -> str:
    kinds = {
        "complementary" if maker.side is not trade.side
        else "mint" if trade.side is Side.BUY
        else "merge"
        for maker in trade.maker_orders
    }  # fmt: skip
    return kinds.pop() if len(kinds) == 1 else "mixed"


def test_maker_prices_complete_the_takers() -> None:
    """In every slice the maker's price is the taker's, or its complement for the other token."""
    run = Run(Random(99))
    for _ in range(400):
        run.step()

    assert run.trades
    for trade in run.trades.values():
        for maker in trade.maker_orders:
            same = maker.token_id == trade.token_id
            assert maker.price == (trade.price if same else complement(trade.price))
        assert sum(m.matched_amount for m in trade.maker_orders) == trade.size
