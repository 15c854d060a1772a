"""The simulated venue's exchange: accounts, books, matching, settlement and token actions.

Pure and deterministic: the same calls in the same order give the same answers, ids and updates.
Time comes in as `now_ms` (Unix milliseconds) and never runs backwards.
"""

from polyarb.core.book import OrderBook
from polyarb.core.money import Collateral, Price, Size
from polyarb.venues.simulated.records import (
    AccountKind,
    ExchangeRules,
    NewOrder,
    OrderView,
    Placement,
    SimMarket,
    Statement,
    Trade,
    Update,
)


class Exchange:
    """One venue with its markets and accounts. One task owns it."""

    def __init__(self, rules: ExchangeRules) -> None:
        raise NotImplementedError

    def open_account(self, account: str, *, deposit: Collateral, kind: AccountKind) -> None:
        """Create an account with `deposit` of settled collateral. Its name must be new."""
        raise NotImplementedError

    def deposit(self, account: str, amount: Collateral) -> None:
        """Add settled collateral to an account."""
        raise NotImplementedError

    def has_account(self, account: str) -> bool:
        """Return whether the account exists."""
        raise NotImplementedError

    def add_market(self, market: SimMarket, *, now_ms: int) -> None:
        """List a market; negative-risk questions come in index order without gaps."""
        raise NotImplementedError

    def markets(self) -> tuple[SimMarket, ...]:
        """Return every market ever added, closed and resolved ones too, in order of listing."""
        raise NotImplementedError

    def market(self, condition_id: str) -> SimMarket | None:
        """Return a market by condition, None if unknown."""
        raise NotImplementedError

    def market_of_token(self, token_id: str) -> SimMarket | None:
        """Return the market that a token belongs to, None if unknown."""
        raise NotImplementedError

    def is_open(self, condition_id: str) -> bool:
        """Return whether the market takes orders now."""
        raise NotImplementedError

    def close_market(self, condition_id: str, *, now_ms: int) -> None:
        """Stop trading in a market and cancel its resting orders."""
        raise NotImplementedError

    def resolve(self, condition_id: str, *, yes_payout: Price, now_ms: int) -> None:
        """Freeze a market for good, cancel its orders, fix its payouts (0, 500_000, 1_000_000)."""
        raise NotImplementedError

    def payout(self, condition_id: str) -> Price | None:
        """Return micros paid per YES token, None while unresolved."""
        raise NotImplementedError

    def set_tick_size(self, condition_id: str, tick_size: Price, *, now_ms: int) -> None:
        """Change a market's tick; resting orders that are off the new tick are cancelled."""
        raise NotImplementedError

    def place(self, order: NewOrder, *, now_ms: int) -> Placement:
        """Match an order and rest what its time in force allows; never raises for bad orders."""
        raise NotImplementedError

    def cancel(self, account: str, order_id: str, *, now_ms: int) -> bool:
        """Cancel one resting order; False if the account has no such open order."""
        raise NotImplementedError

    def cancel_all(self, account: str, *, now_ms: int) -> tuple[str, ...]:
        """Cancel every open order of an account; returns their ids."""
        raise NotImplementedError

    def cancel_market(
        self, account: str, *, condition_id: str = "", token_id: str = "", now_ms: int
    ) -> tuple[str, ...]:
        """Cancel an account's orders in a market and/or of a token ("" is any)."""
        raise NotImplementedError

    def order(self, order_id: str) -> OrderView | None:
        """Return an open order, None when it is no longer active."""
        raise NotImplementedError

    def open_orders(self, account: str) -> tuple[OrderView, ...]:
        """Return an account's resting orders, oldest first."""
        raise NotImplementedError

    def trades(
        self,
        account: str,
        *,
        condition_id: str = "",
        token_id: str = "",
        trade_id: str = "",
        after_ms: int = 0,
        before_ms: int | None = None,
    ) -> tuple[Trade, ...]:
        """Return an account's trades in both roles, oldest first; "" and 0 do not filter.

        token_id matches the taker's token or the token of the account's own maker slice.
        after_ms, before_ms: inclusive bounds of the match time.
        """
        raise NotImplementedError

    def book(self, condition_id: str) -> OrderBook:
        """Return the YES book now; `version` rises with each change."""
        raise NotImplementedError

    def last_trade_price(self, token_id: str) -> Price | None:
        """Return the last price in this token's coordinates, None before the first trade."""
        raise NotImplementedError

    def advance(self, now_ms: int) -> None:
        """Let time pass: settle trades and expire GTD orders that are due."""
        raise NotImplementedError

    def next_due_ms(self) -> int | None:
        """Return when `advance` next has something to do, None if nothing is pending."""
        raise NotImplementedError

    def fail_next_settlements(self, count: int) -> None:
        """Let the next `count` traders' trades go MATCHED, RETRYING, FAILED (rolled back)."""
        raise NotImplementedError

    def retry_next_settlements(self, count: int) -> None:
        """Let the next `count` traders' trades pass through RETRYING before they are MINED."""
        raise NotImplementedError

    def split(self, account: str, *, condition_id: str, amount: Size, now_ms: int) -> None:
        """Turn settled collateral into equal YES and NO. Raises ActionReverted."""
        raise NotImplementedError

    def merge(self, account: str, *, condition_id: str, amount: Size, now_ms: int) -> None:
        """Turn equal settled YES and NO into collateral. Raises ActionReverted."""
        raise NotImplementedError

    def convert(
        self, account: str, *, neg_risk_market_id: str, index_set: int, amount: Size, now_ms: int
    ) -> None:
        """Turn NO of each question in `index_set` into YES of the others and collateral.

        Raises ActionReverted.
        """
        raise NotImplementedError

    def redeem(self, account: str, *, condition_id: str, yes: Size, no: Size, now_ms: int) -> None:
        """Turn settled tokens of a resolved market into their payouts. Raises ActionReverted."""
        raise NotImplementedError

    def statement(self, account: str) -> Statement:
        """Return what an account paid in, holds and paid in fees."""
        raise NotImplementedError

    def drain(self) -> list[Update]:
        """Return the updates since the last call, oldest first, and forget them."""
        raise NotImplementedError

    def audit(self) -> None:
        """Assert that no collateral or token appeared or vanished, and that every token is backed."""
        raise NotImplementedError
