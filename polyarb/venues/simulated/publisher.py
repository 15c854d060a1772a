"""From the exchange's updates to frames on the two channels."""

from collections.abc import Callable
from typing import assert_never

from polyarb.core.market import Market, Outcome
from polyarb.core.order import Side
from polyarb.venues.simulated import account_wire, wire
from polyarb.venues.simulated.channels import Authenticate, MarketChannel, UserChannel
from polyarb.venues.simulated.exchange import Exchange
from polyarb.venues.simulated.fault_frames import FrameFaults
from polyarb.venues.simulated.gamma import Catalogue
from polyarb.venues.simulated.records import (
    BookChanged,
    MarketListed,
    MarketResolved,
    OrderChanged,
    TickChanged,
    TradeChanged,
    Traded,
    Update,
)
from polyarb.venues.simulated.wallets import Wallets
from polyarb.venues.simulated.wire import Json


class Publisher:
    """Drains the exchange and tells whoever listens. Books are also rendered here for REST."""

    def __init__(
        self,
        exchange: Exchange,
        *,
        catalogue: Catalogue,
        wallets: Wallets,
        authenticate: Authenticate,
        start_ms: int,
        faults: Callable[[str], FrameFaults],
    ) -> None:
        self._exchange = exchange
        self._catalogue = catalogue
        self._wallets = wallets
        self._start_ms = start_ms
        self._changed_ms: dict[str, int] = {}
        self._last_side: dict[str, Side] = {}
        self.market = MarketChannel(self._snapshot, faults=faults("market"))
        self.user = UserChannel(authenticate, faults=faults("user"))

    def publish(self) -> None:
        """Send everything that happened since the last call, in order.

        Books of traded markets follow at the end, as the venue sends them after a trade.
        """
        traded: dict[str, int] = {}
        for update in self._exchange.drain():
            if isinstance(update, Traded):
                traded[update.condition_id] = update.time_ms
            self._send(update)
        for condition_id in traded:
            self._refresh(condition_id)

    def last_side(self, token_id: str) -> Side | None:
        """Return the taker's side of a token's last trade, None before the first.

        Buying one outcome is selling the other.
        """
        return self._last_side.get(token_id)

    def rest_book(self, token_id: str) -> Json | None:
        """Return a token's REST book, None for an unknown token."""
        sim = self._exchange.market_of_token(token_id)
        if sim is None:
            return None
        market = sim.market
        return wire.rest_book(
            market,
            wire.outcome_of(market, token_id),
            book=self._exchange.book(market.condition_id),
            last=self._exchange.last_trade_price(token_id),
            time_ms=self._changed_ms.get(market.condition_id, self._start_ms),
        )

    def _snapshot(self, token_id: str) -> Json | None:
        rest = self.rest_book(token_id)
        return None if rest is None else wire.first_book_frame(rest)

    def _send(self, update: Update) -> None:
        match update:
            case BookChanged():
                self._book_changed(update)
            case Traded():
                self._traded(update)
            case OrderChanged():
                owner = self._wallets.owner_of(update.order.account)
                frame = account_wire.order_frame(update, self._wallets)
                self.user.publish(owner, update.order.condition_id, frame)
            case TradeChanged():
                self._trade_changed(update)
            case TickChanged():
                self._tick_changed(update)
            case MarketListed():
                self._listed(update)
            case MarketResolved():
                self._resolved(update)
            case _:
                assert_never(update)

    def _book_changed(self, update: BookChanged) -> None:
        self._changed_ms[update.condition_id] = update.time_ms
        market = self._market(update.condition_id)
        tokens = _tokens(market)
        if self.market.wanted(tokens):
            self.market.publish(tokens, wire.price_change_frame(market, update))
            for frame in wire.best_bid_ask_frames(market, update):
                self.market.publish_custom((frame["asset_id"],), frame)

    def _traded(self, update: Traded) -> None:
        other = Side.SELL if update.side is Side.BUY else Side.BUY
        for token in _tokens(self._market(update.condition_id)):
            self._last_side[token] = update.side if token == update.token_id else other
        frame = wire.last_trade_frame(update, transaction_hash="")
        self.market.publish((update.token_id,), frame)

    def _trade_changed(self, update: TradeChanged) -> None:
        trade = update.trade
        accounts = dict.fromkeys((trade.taker_account, *(m.account for m in trade.maker_orders)))
        for account in accounts:
            if self._wallets.is_open(account):
                frame = account_wire.trade_frame(update, account=account, names=self._wallets)
                self.user.publish(self._wallets.owner_of(account), trade.condition_id, frame)

    def _tick_changed(self, update: TickChanged) -> None:
        market = self._market(update.condition_id)
        frames = wire.tick_size_frames(
            market, old=update.old, new=update.new, time_ms=update.time_ms
        )
        for frame in frames:
            self.market.publish((frame["asset_id"],), frame)
            snapshot = self._snapshot(frame["asset_id"])
            assert snapshot is not None, update.condition_id
            self.market.publish((frame["asset_id"],), snapshot)

    def _listed(self, update: MarketListed) -> None:
        found = self._catalogue.of_condition(update.market.condition_id)
        if found is not None and found[1].listed:
            event, question = found
            frame = wire.new_market_frame(event.event, question, time_ms=update.time_ms)
            self.market.announce(frame)

    def _resolved(self, update: MarketResolved) -> None:
        found = self._catalogue.of_condition(update.condition_id)
        if found is not None and found[1].listed:
            frame = wire.resolved_frame(
                found[1], yes_payout=update.yes_payout, time_ms=update.time_ms
            )
            self.market.announce(frame)

    def _refresh(self, condition_id: str) -> None:
        market = self._market(condition_id)
        for outcome in Outcome:
            token = market.token(outcome)
            if self.market.wanted((token,)):
                rest = self.rest_book(token)
                assert rest is not None, token
                self.market.publish((token,), wire.later_book_frame(rest))

    def _market(self, condition_id: str) -> Market:
        sim = self._exchange.market(condition_id)
        assert sim is not None, condition_id
        return sim.market


def _tokens(market: Market) -> tuple[str, str]:
    return (market.yes_token, market.no_token)
