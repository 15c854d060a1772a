"""A small venue for tests of the exchange: readable amounts, counted ids, its own clock."""

from itertools import count
from typing import Final

from polyarb.core.fees import FeeSchedule
from polyarb.core.market import Market
from polyarb.core.money import MICROS, Collateral, Price, Size, parse_micros
from polyarb.core.order import Side, TimeInForce, market_buy_amounts
from polyarb.venues.simulated.exchange import Exchange
from polyarb.venues.simulated.records import (
    AccountKind,
    ExchangeRules,
    NewOrder,
    Placement,
    SimMarket,
    Update,
)
from polyarb.venues.simulated.settlement import USUAL, Fate

BINARY: Final = "0xb1"
YES: Final = "binary yes"
NO: Final = "binary no"
GROUP: Final = "0x9900"
QUESTIONS: Final = 4
HOUR_MS: Final = 3_600_000
POLITICS: Final = FeeSchedule(40_000)
FREE: Final = FeeSchedule(0)


def binary(fee: FeeSchedule = FREE, tick: str = "0.01") -> SimMarket:
    """Return a binary market with tokens YES and NO."""
    return SimMarket(
        market=_market(BINARY, f"0x{1:064x}", (YES, NO), fee=fee, tick=tick), event_id="one"
    )


def question(index: int, *, fee_bips: int = 0, accepting: bool = True) -> SimMarket:
    """Return one question of the negative-risk event; tokens y0, n0, y1, ..."""
    question_id = f"0x99{index:02x}"
    tokens = (f"y{index}", f"n{index}")
    market = _market(
        condition(index),
        question_id,
        tokens,
        fee=FREE,
        tick="0.01",
        neg_risk=True,
        accepting=accepting,
    )
    return SimMarket(market=market, event_id="many", neg_risk_market_id=GROUP, fee_bips=fee_bips)


def condition(index: int) -> str:
    """Return a question's condition id."""
    return f"0xc{index}"


def _market(
    condition_id: str,
    question_id: str,
    tokens: tuple[str, str],
    *,
    fee: FeeSchedule,
    tick: str,
    neg_risk: bool = False,
    accepting: bool = True,
) -> Market:
    return Market(
        condition_id=condition_id,
        question_id=question_id,
        title=condition_id,
        yes_token=tokens[0],
        no_token=tokens[1],
        tick_size=Price(parse_micros(tick)),
        min_order_size=Size(5 * MICROS),
        fee=fee,
        fee_read_time_ns=0,
        neg_risk=neg_risk,
        accepting_orders=accepting,
    )


class Desk:
    """An exchange with a binary market, a negative-risk event, and ann, bob, cat and a maker.

    ann, bob and cat start with 1,000 collateral and nothing else; `maker` is bottomless.
    fates: of their next trades, first come first served.
    """

    def __init__(
        self,
        rules: ExchangeRules | None = None,
        *,
        fee: FeeSchedule = FREE,
        tick: str = "0.01",
        fee_bips: int = 0,
    ) -> None:
        self.fates: list[Fate] = []
        self.exchange = Exchange(
            rules or ExchangeRules(),
            fate_of=lambda _: self.fates.pop(0) if self.fates else USUAL,
        )
        self.now_ms = 1_700_000_000_000
        self._ids = count(1)
        self.exchange.add_market(binary(fee, tick), now_ms=self.now_ms)
        for index in range(QUESTIONS):
            last = index == QUESTIONS - 1
            placeholder = question(index, fee_bips=fee_bips, accepting=not last)
            self.exchange.add_market(placeholder, now_ms=self.now_ms)
        for name in ("ann", "bob", "cat"):
            self.exchange.open_account(
                name, deposit=Collateral(1_000 * MICROS), kind=AccountKind.TRADER
            )
        self.exchange.open_account("maker", deposit=Collateral(0), kind=AccountKind.BOTTOMLESS)
        self.exchange.drain()

    def buy(
        self,
        who: str,
        token: str,
        price: str,
        size: str,
        *,
        tif: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
        expiration_s: int = 0,
    ) -> Placement:
        """Post a BUY of exactly `size` at `price`."""
        shares = parse_micros(size)
        amounts = (shares * parse_micros(price) // MICROS, shares)
        return self.post(
            who,
            token,
            Side.BUY,
            amounts,
            tif=tif,
            post_only=post_only,
            expiration_s=expiration_s,
        )

    def spend(
        self, who: str, token: str, price: str, dollars: str, *, tif: TimeInForce = TimeInForce.FAK
    ) -> Placement:
        """Post a market BUY of `dollars` with `price` as its limit."""
        amounts = market_buy_amounts(
            dollars=Collateral(parse_micros(dollars)), limit_price=Price(parse_micros(price))
        )
        return self.post(who, token, Side.BUY, amounts, tif=tif)

    def sell(
        self, who: str, token: str, price: str, size: str, *, tif: TimeInForce = TimeInForce.GTC
    ) -> Placement:
        """Post a SELL of exactly `size` at `price`."""
        shares = parse_micros(size)
        amounts = (shares, shares * parse_micros(price) // MICROS)
        return self.post(who, token, Side.SELL, amounts, tif=tif)

    def post(
        self,
        who: str,
        token: str,
        side: Side,
        amounts: tuple[int, int],
        *,
        tif: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
        expiration_s: int = 0,
        order_id: str = "",
    ) -> Placement:
        """Post an order with raw (maker, taker) amounts; ids are o1, o2, ... unless given."""
        order = NewOrder(
            order_id=order_id or f"o{next(self._ids)}",
            account=who,
            token_id=token,
            side=side,
            maker_amount=amounts[0],
            taker_amount=amounts[1],
            time_in_force=tif,
            post_only=post_only,
            expiration_s=expiration_s,
        )
        placement = self.exchange.place(order, now_ms=self.now_ms)
        assert placement.accepted or who != "maker", placement
        return placement

    def give(self, who: str, size: str, condition_id: str = BINARY) -> None:
        """Split `size` complete sets for an account."""
        self.exchange.split(
            who, condition_id=condition_id, amount=Size(parse_micros(size)), now_ms=self.now_ms
        )

    def wait(self, ms: int = HOUR_MS) -> None:
        """Let time pass; an hour settles everything."""
        self.now_ms += ms
        self.exchange.advance(self.now_ms)

    def cash(self, who: str) -> int:
        """Return settled collateral less what was deposited."""
        statement = self.exchange.statement(who)
        return statement.collateral - statement.deposited

    def tokens(self, who: str) -> dict[str, int]:
        """Return settled tokens."""
        return dict(self.exchange.statement(who).tokens)

    def updates(self) -> list[Update]:
        """Return the updates since the last call."""
        return self.exchange.drain()
