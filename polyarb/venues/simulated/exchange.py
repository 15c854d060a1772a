"""The simulated venue's exchange: accounts, books, matching, settlement and token actions.

Pure and deterministic: the same calls in the same order give the same answers, ids and updates.
Time comes in as `now_ms` (Unix milliseconds) and never runs backwards.
"""

from collections.abc import Callable

from polyarb.core.book import OrderBook
from polyarb.core.market import Outcome, is_on_tick
from polyarb.core.money import Collateral, Price, Size, complement
from polyarb.venues.simulated.accounts import Account
from polyarb.venues.simulated.agenda import Due
from polyarb.venues.simulated.conditional_tokens import ConditionalTokens
from polyarb.venues.simulated.outbox import Outbox
from polyarb.venues.simulated.records import (
    AccountKind,
    ActionReverted,
    CancelReason,
    ExchangeRules,
    MarketListed,
    MarketResolved,
    NewOrder,
    OrderView,
    Placement,
    SimMarket,
    Statement,
    TickChanged,
    Trade,
    Update,
)
from polyarb.venues.simulated.registry import ListedMarket, Registry
from polyarb.venues.simulated.settlement import USUAL, FateOf
from polyarb.venues.simulated.trading import Trading


class Exchange:
    """One venue with its markets and accounts. One task owns it."""

    def __init__(self, rules: ExchangeRules, *, fate_of: FateOf = lambda _: USUAL) -> None:
        self._now_ms = 0
        self._accounts: dict[str, Account] = {}
        self._registry = Registry()
        self._tokens = ConditionalTokens()
        self._outbox = Outbox()
        self._trading = Trading(
            rules,
            registry=self._registry,
            tokens=self._tokens,
            outbox=self._outbox,
            fate_of=fate_of,
        )

    def open_account(self, account: str, *, deposit: Collateral, kind: AccountKind) -> None:
        """Create an account with `deposit` of settled collateral. Its name must be new."""
        assert account not in self._accounts, account
        self._accounts[account] = Account(account, kind)
        self._accounts[account].deposit(deposit)

    def deposit(self, account: str, amount: Collateral) -> None:
        """Add settled collateral to an account."""
        self._accounts[account].deposit(amount)

    def has_account(self, account: str) -> bool:
        """Return whether the account exists."""
        return account in self._accounts

    def add_market(self, market: SimMarket, *, now_ms: int) -> None:
        """List a market; negative-risk questions come in index order without gaps."""
        self.advance(now_ms)
        self._registry.add(market)
        self._tokens.prepare(market)
        self._outbox.add(MarketListed(market=market, time_ms=self._now_ms))
        self._outbox.commit(self._now_ms)

    def markets(self) -> tuple[SimMarket, ...]:
        """Return every market ever added, closed and resolved ones too, in order of listing."""
        return tuple(listed.sim for listed in self._registry)

    def market(self, condition_id: str) -> SimMarket | None:
        """Return a market by condition, None if unknown."""
        listed = self._registry.find(condition_id)
        return None if listed is None else listed.sim

    def market_of_token(self, token_id: str) -> SimMarket | None:
        """Return the market that a token belongs to, None if unknown."""
        listed = self._registry.of_token(token_id)
        return None if listed is None else listed.sim

    def is_open(self, condition_id: str) -> bool:
        """Return whether the market takes orders now."""
        listed = self._registry[condition_id]
        return not listed.closed and listed.sim.market.accepting_orders

    def close_market(self, condition_id: str, *, now_ms: int) -> None:
        """Stop trading in a market for good and cancel its resting orders."""
        self.advance(now_ms)
        self._close(self._registry[condition_id], CancelReason.CLOSED)
        self._outbox.commit(self._now_ms)

    def resolve(self, condition_id: str, *, yes_payout: Price, now_ms: int) -> None:
        """Freeze a market for good, cancel its orders, fix its payouts (0, 500_000, 1_000_000).

        In a negative-risk event one half and a second YES are programming errors.
        """
        self.advance(now_ms)
        listed = self._registry[condition_id]
        self._tokens.resolve(listed.sim, yes_payout)
        self._close(listed, CancelReason.RESOLVED)
        self._outbox.add(
            MarketResolved(condition_id=condition_id, yes_payout=yes_payout, time_ms=self._now_ms)
        )
        self._outbox.commit(self._now_ms)

    def payout(self, condition_id: str) -> Price | None:
        """Return micros paid per YES token, None while unresolved."""
        return self._tokens.payout(condition_id)

    def set_tick_size(self, condition_id: str, tick_size: Price, *, now_ms: int) -> None:
        """Change a market's tick; resting orders that are off the new tick are cancelled."""
        self.advance(now_ms)
        listed = self._registry[condition_id]
        old = listed.sim.market.tick_size
        listed.set_tick_size(tick_size)
        off = [o for o in listed.book.orders() if not is_on_tick(o.price, tick_size)]
        self._trading.open.cancel_each(off, CancelReason.INVALID, now_ms=self._now_ms)
        self._outbox.add(
            TickChanged(condition_id=condition_id, old=old, new=tick_size, time_ms=self._now_ms)
        )
        self._outbox.commit(self._now_ms)

    def place(self, order: NewOrder, *, now_ms: int) -> Placement:
        """Match an order and rest what its time in force allows; never raises for bad orders.

        FAK and FOK BUY spend maker_amount; every other order trades exactly its tokens. Each
        match's size is cut so that size x price is a whole number of micros: to a multiple of
        1e6 / gcd(price, 1e6) micro-tokens, at most 0.01 token. Less than 0.01 left is dropped.
        """
        self.advance(now_ms)
        account = self._accounts.get(order.account)
        placement = self._trading.place(order, account, now_ms=self._now_ms)
        self._outbox.commit(self._now_ms)
        return placement

    def is_duplicate(self, order_id: str) -> bool:
        """Return whether an order of this id would be refused as one that is known."""
        return self._trading.open.is_duplicate(order_id)

    def forget_unfilled(self, order_id: str) -> None:
        """Let an id be posted again, if its order ended without a fill."""
        self._trading.open.forget_unfilled(order_id)

    def cancel(self, account: str, order_id: str, *, now_ms: int) -> bool:
        """Cancel one resting order; False if the account has no such open order."""
        self.advance(now_ms)
        order = self._trading.open.find(order_id)
        if order is None or order.account.name != account:
            return False
        self._trading.open.cancel(order, CancelReason.USER, now_ms=self._now_ms)
        self._outbox.commit(self._now_ms)
        return True

    def cancel_all(self, account: str, *, now_ms: int) -> tuple[str, ...]:
        """Cancel every open order of an account; returns their ids."""
        return self.cancel_market(account, now_ms=now_ms)

    def cancel_market(
        self, account: str, *, condition_id: str = "", token_id: str = "", now_ms: int
    ) -> tuple[str, ...]:
        """Cancel an account's orders in a market and/or of a token ("" is any)."""
        self.advance(now_ms)
        chosen = [
            order
            for order in self._trading.open.of_account(account)
            if condition_id in {"", order.condition_id} and token_id in {"", order.token_id}
        ]
        ids = self._trading.open.cancel_each(chosen, CancelReason.USER, now_ms=self._now_ms)
        self._outbox.commit(self._now_ms)
        return ids

    def order(self, order_id: str) -> OrderView | None:
        """Return an open order, None when it is no longer active."""
        order = self._trading.open.find(order_id)
        return None if order is None else order.view()

    def open_orders(self, account: str) -> tuple[OrderView, ...]:
        """Return an account's resting orders, oldest first."""
        return tuple(order.view() for order in self._trading.open.of_account(account))

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
        """Return a TRADER's trades in both roles, oldest first; "" and 0 do not filter.

        token_id matches the trade's own (the taker's) token only, as at the venue: a maker fill
        against the complementary token is found by its condition. after_ms, before_ms: inclusive
        bounds of the match time.
        """
        return tuple(
            trade
            for trade in self._trading.settlements.trades(account)
            if condition_id in {"", trade.condition_id}
            and token_id in {"", trade.token_id}
            and trade_id in {"", trade.trade_id}
            and after_ms <= trade.match_time_ms
            and (before_ms is None or trade.match_time_ms <= before_ms)
        )

    def book(self, condition_id: str) -> OrderBook:
        """Return the YES book now; `version` rises with each change."""
        return self._registry[condition_id].book.view()

    def last_trade_price(self, token_id: str) -> Price | None:
        """Return the last price in this token's coordinates, None before the first trade."""
        listed = self._registry.of_token(token_id)
        if listed is None or listed.last_price is None:
            return None
        yes = listed.outcome(token_id) is Outcome.YES
        return listed.last_price if yes else complement(listed.last_price)

    def advance(self, now_ms: int) -> None:
        """Let time pass: settle trades and expire GTD orders at the times they are due.

        A time before the latest one counts as the latest one.
        """
        while (item := self._trading.agenda.pop_due(now_ms)) is not None:
            due_ms, due, key = item
            self._now_ms = max(self._now_ms, due_ms)
            if due is Due.SETTLE:
                self._trading.settle(key, self._now_ms)
            else:
                self._expire(key)
            self._outbox.commit(self._now_ms)
        self._now_ms = max(self._now_ms, now_ms)

    def next_due_ms(self) -> int | None:
        """Return the earliest time at which `advance` may have work, None if nothing waits."""
        return self._trading.agenda.next_ms()

    def split(self, account: str, *, condition_id: str, amount: Size, now_ms: int) -> None:
        """Turn settled collateral into equal YES and NO. Raises ActionReverted."""
        self._act(account, now_ms, lambda a: self._tokens.split(a, self._sim(condition_id), amount))

    def merge(self, account: str, *, condition_id: str, amount: Size, now_ms: int) -> None:
        """Turn equal settled YES and NO into collateral. Raises ActionReverted."""
        self._act(account, now_ms, lambda a: self._tokens.merge(a, self._sim(condition_id), amount))

    def convert(
        self, account: str, *, neg_risk_market_id: str, index_set: int, amount: Size, now_ms: int
    ) -> None:
        """Turn NO of each question in `index_set` into YES of the others and collateral.

        Raises ActionReverted.
        """
        self._act(
            account,
            now_ms,
            lambda a: self._tokens.convert(
                a, neg_risk_market_id, index_set=index_set, amount=amount
            ),
        )

    def question_count(self, neg_risk_market_id: str) -> int:
        """Return how many questions the event has on chain, placeholders included."""
        return self._tokens.question_count(neg_risk_market_id)

    def redeem(self, account: str, *, condition_id: str, yes: Size, no: Size, now_ms: int) -> None:
        """Turn settled tokens of a resolved market into their payouts. Raises ActionReverted."""
        self._act(
            account,
            now_ms,
            lambda a: self._tokens.redeem(a, self._sim(condition_id), yes=yes, no=no),
        )

    def statement(self, account: str) -> Statement:
        """Return what an account paid in, holds and paid in fees."""
        return self._accounts[account].statement()

    def treasury(self) -> Statement:
        """Return what the venue earned in fees."""
        return self._tokens.treasury.statement()

    def drain(self) -> list[Update]:
        """Return the updates since the last call, oldest first, and forget them."""
        return self._outbox.drain()

    def audit(self) -> None:
        """Assert that no collateral or token appeared or vanished, and all tokens are backed."""
        accounts = [*self._accounts.values(), self._tokens.treasury]
        for account in accounts:
            account.check()
            self._trading.open.audit(account)
        held = sum(a.collateral + a.pending_collateral for a in accounts)
        assert held + self._tokens.escrow() == sum(a.deposited for a in accounts), held
        for listed in self._registry:
            for outcome in Outcome:
                token = listed.sim.market.token(outcome)
                owned = sum(
                    a.tokens.get(token, 0) + a.pending_tokens.get(token, 0) for a in accounts
                )
                assert owned == self._tokens.supply(token), (token, owned)
        self._tokens.audit()

    def _close(self, listed: ListedMarket, reason: CancelReason) -> None:
        listed.closed = True
        self._trading.open.cancel_each(listed.book.orders(), reason, now_ms=self._now_ms)

    def _expire(self, order_id: str) -> None:
        order = self._trading.open.find(order_id)
        assert order is not None, order_id
        self._trading.open.cancel(order, CancelReason.EXPIRED, now_ms=self._now_ms)

    def _act(self, account: str, now_ms: int, action: Callable[[Account], object]) -> None:
        """Do a token action; open orders that it leaves without funds are cancelled."""
        self.advance(now_ms)
        owner = self._accounts.get(account)
        if owner is None:
            raise ActionReverted("unknown account")
        action(owner)
        self._trading.open.cancel_unfunded(owner, now_ms=self._now_ms)
        self._outbox.commit(self._now_ms)

    def _sim(self, condition_id: str) -> SimMarket:
        listed = self._registry.find(condition_id)
        if listed is None:
            raise ActionReverted("condition not prepared")
        return listed.sim
