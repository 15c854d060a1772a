"""From match to money: MATCHED, MINED, CONFIRMED, or by way of RETRYING to FAILED and undone.

A match takes what each party gives at once and promises what it gets as pending, so that a
failure can always be undone: nothing pending can be spent.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from polyarb.core.order import Side, TradeState
from polyarb.venues.simulated.accounts import Account, shift
from polyarb.venues.simulated.conditional_tokens import ConditionalTokens
from polyarb.venues.simulated.records import ExchangeRules, SimMarket, Trade


@dataclass(frozen=True, slots=True)
class Party:
    """One side of one match: `size` of a token against `cost` of collateral, and the fee."""

    account: Account
    token_id: str
    side: Side
    size: int
    cost: int
    fee: int

    def give(self) -> None:
        """Take what the party pays from its settled balances; promise the rest as pending."""
        account = self.account
        account.fees_paid += self.fee
        if self.side is Side.BUY:
            account.collateral -= self.cost + self.fee
            shift(account.pending_tokens, self.token_id, self.size)
        else:
            shift(account.tokens, self.token_id, -self.size)
            account.pending_collateral += self.cost - self.fee

    def settle(self) -> None:
        """Turn what was promised into settled balances."""
        self._drop_promise()
        if self.side is Side.BUY:
            shift(self.account.tokens, self.token_id, self.size)
        else:
            self.account.collateral += self.cost - self.fee

    def undo(self) -> None:
        """Give back what was taken, the fee too, and drop the promise."""
        self._drop_promise()
        self.account.fees_paid -= self.fee
        if self.side is Side.BUY:
            self.account.collateral += self.cost + self.fee
        else:
            shift(self.account.tokens, self.token_id, self.size)

    def _drop_promise(self) -> None:
        if self.side is Side.BUY:
            shift(self.account.pending_tokens, self.token_id, -self.size)
        else:
            self.account.pending_collateral -= self.cost - self.fee


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a trade after its match. late_ms: beside the usual time until it is mined."""

    states: tuple[TradeState, ...]
    late_ms: int = 0


_TO_CONFIRMED: Final = (TradeState.MINED, TradeState.CONFIRMED)
USUAL: Final = Fate(_TO_CONFIRMED)
RETRIED: Final = Fate((TradeState.RETRYING, *_TO_CONFIRMED))
FAILED: Final = Fate((TradeState.RETRYING, TradeState.FAILED))

FateOf = Callable[[Trade], Fate]
"""Decides about a new trade of traders."""


@dataclass(slots=True)
class _Unsettled:
    trade: Trade
    market: SimMarket
    parties: tuple[Party, ...]
    minted: int
    states: tuple[TradeState, ...]


class Settlements:
    """Every trade that is not final, and the trades of traders that are remembered."""

    def __init__(self, rules: ExchangeRules, tokens: ConditionalTokens, *, fate_of: FateOf) -> None:
        self._rules = rules
        self._tokens = tokens
        self._fate_of = fate_of
        self._unsettled: dict[str, _Unsettled] = {}
        self._history: dict[str, Trade] = {}
        self._by_account: dict[str, dict[str, None]] = {}
        self._counter = 0

    def __len__(self) -> int:
        return len(self._unsettled)

    def __contains__(self, trade_id: str) -> bool:
        return trade_id in self._unsettled

    def next_trade_id(self) -> str:
        """Return a new id in the shape of a UUID, unique within the run."""
        self._counter += 1
        high, low = divmod(self._counter, 2**16)
        return f"{high:08x}-{low:04x}-4000-8000-{self._rules.seed % 2**48:012x}"

    def begin(
        self, trade: Trade, market: SimMarket, parties: tuple[Party, ...], *, minted: int
    ) -> int:
        """Move the balances of a new trade and return when its next step is due."""
        for party in parties:
            party.give()
        for account in {id(p.account): p.account for p in parties}.values():
            account.trade_count += 1
        self._tokens.treasury.collateral += trade.fee
        self._tokens.mint(market, minted)
        ours = any(not p.account.bottomless for p in parties)
        fate = self._fate_of(trade) if ours else USUAL
        self._unsettled[trade.trade_id] = _Unsettled(trade, market, parties, minted, fate.states)
        if ours:
            self._remember(trade, parties)
        return trade.match_time_ms + self._rules.mined_after_ms + fate.late_ms

    def step(self, trade_id: str, now_ms: int) -> tuple[Trade, int | None]:
        """Take a trade to its next state; returns it and when its next step is due, if any."""
        unsettled = self._unsettled[trade_id]
        state, *rest = unsettled.states
        digest = unsettled.trade.transaction_hash
        if state is TradeState.MINED:
            digest = "0x" + sha256(trade_id.encode()).hexdigest()
        trade = replace(
            unsettled.trade, state=state, last_update_ms=now_ms, transaction_hash=digest
        )
        unsettled.trade, unsettled.states = trade, tuple(rest)
        if trade_id in self._history:
            self._history[trade_id] = trade
        if rest:
            return trade, now_ms + self._wait_after(state)
        del self._unsettled[trade_id]
        self._finish(unsettled)
        return trade, None

    def concerns_trader(self, trade_id: str) -> bool:
        """Return whether a remembered trade has a party that is not bottomless."""
        return trade_id in self._history

    def trades(self, account: str) -> list[Trade]:
        """Return the remembered trades of an account, oldest first."""
        return [self._history[trade_id] for trade_id in self._by_account.get(account, ())]

    def _wait_after(self, state: TradeState) -> int:
        if state is TradeState.RETRYING:
            return self._rules.retry_after_ms
        return self._rules.confirmed_after_ms

    def _finish(self, unsettled: _Unsettled) -> None:
        if unsettled.trade.state is TradeState.CONFIRMED:
            for party in unsettled.parties:
                party.settle()
            return
        for party in unsettled.parties:
            party.undo()
        self._tokens.treasury.collateral -= unsettled.trade.fee
        self._tokens.mint(unsettled.market, -unsettled.minted)

    def _remember(self, trade: Trade, parties: tuple[Party, ...]) -> None:
        self._history[trade.trade_id] = trade
        for party in parties:
            if not party.account.bottomless:
                self._by_account.setdefault(party.account.name, {})[trade.trade_id] = None
        if len(self._history) > self._rules.trades_kept:
            oldest = next(iter(self._history))
            gone = self._history.pop(oldest)
            for name in {gone.taker_account, *(m.account for m in gone.maker_orders)}:
                self._by_account.get(name, {}).pop(oldest, None)
