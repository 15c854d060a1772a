"""Placing and matching orders on the simulated exchange."""

from polyarb.core.fees import fee_expected, fee_floor
from polyarb.core.market import Market
from polyarb.core.money import MICROS, Collateral, Price, Size
from polyarb.core.order import MARKETABLE_MIN, Side, TimeInForce, TradeState
from polyarb.venues.simulated.accounts import Account
from polyarb.venues.simulated.admission import (
    FAK_KILLED,
    FOK_KILLED,
    NO_BOOK,
    NOT_READY,
    POST_ONLY_CROSSES,
    Fault,
    Terms,
    duplicated,
    read_terms,
    too_small,
    unfunded,
)
from polyarb.venues.simulated.agenda import Agenda, Due
from polyarb.venues.simulated.conditional_tokens import ConditionalTokens
from polyarb.venues.simulated.matching import (
    DUST,
    LevelFill,
    WorkingOrder,
    granularity,
    sweep_dollars,
    sweep_shares,
)
from polyarb.venues.simulated.open_orders import OpenOrders
from polyarb.venues.simulated.outbox import Outbox
from polyarb.venues.simulated.records import (
    GTD_EARLY_MS,
    CancelReason,
    ExchangeRules,
    FeeRounding,
    MakerSlice,
    NewOrder,
    OrderChange,
    PlacedStatus,
    Placement,
    Refusal,
    Trade,
    TradeChanged,
    Traded,
)
from polyarb.venues.simulated.registry import ListedMarket, Registry
from polyarb.venues.simulated.settlement import FateOf, Party, Settlements


class Trading:
    """The way of an order from its arrival to a trade or a place in the book."""

    def __init__(
        self,
        rules: ExchangeRules,
        *,
        registry: Registry,
        tokens: ConditionalTokens,
        outbox: Outbox,
        fate_of: FateOf,
    ) -> None:
        self.settlements = Settlements(rules, tokens, fate_of=fate_of)
        self.agenda = Agenda(self._still_due)
        self.open = OpenOrders(rules.duplicates, registry=registry, outbox=outbox)
        self._rules = rules
        self._registry = registry
        self._tokens = tokens
        self._outbox = outbox

    def place(self, order: NewOrder, account: Account | None, *, now_ms: int) -> Placement:
        """Match an order and rest what its time in force allows."""
        market = self._registry.of_token(order.token_id)
        if market is None or market.closed:
            return _refused(order, Fault(Refusal.NO_BOOK, NO_BOOK))
        terms = self._terms(order, market, now_ms)
        if isinstance(terms, Fault):
            return _refused(order, terms)
        if account is None:
            return _refused(order, unfunded(balance=0, needed=order.maker_amount))
        working = _working(order, account, market, terms, now_ms)
        fills = self._sweep(working, terms, market)
        fault = self._check(order, working, fills, market)
        if fault is not None:
            return _refused(order, fault)
        return self._execute(order, working, terms, fills, market)

    def settle(self, trade_id: str, now_ms: int) -> None:
        """Take a trade to its next state."""
        trader = self.settlements.concerns_trader(trade_id)
        trade, next_ms = self.settlements.step(trade_id, now_ms)
        if next_ms is not None:
            self.agenda.add(next_ms, Due.SETTLE, trade_id)
        if trader:
            self._outbox.add(TradeChanged(trade=trade, time_ms=now_ms))

    def _terms(self, order: NewOrder, market: ListedMarket, now_ms: int) -> Terms | Fault:
        if not market.sim.market.accepting_orders:
            return Fault(Refusal.NOT_READY, NOT_READY)
        if self.open.is_duplicate(order.order_id):
            return duplicated(order)
        return read_terms(order, market.sim.market, now_ms=now_ms)

    def _sweep(self, working: WorkingOrder, terms: Terms, market: ListedMarket) -> list[LevelFill]:
        if terms.dollars is not None:
            return sweep_dollars(market.book, working, terms.dollars)
        return sweep_shares(market.book, working, terms.size)

    def _check(
        self, order: NewOrder, working: WorkingOrder, fills: list[LevelFill], market: ListedMarket
    ) -> Fault | None:
        """Return what speaks against the order given the book and the account."""
        takes = bool(fills) or order.time_in_force in {TimeInForce.FAK, TimeInForce.FOK}
        if order.post_only and fills:
            return Fault(Refusal.CROSSES, POST_ONLY_CROSSES)
        if order.side is Side.BUY and takes and order.maker_amount < MARKETABLE_MIN:
            return too_small(order)
        account = working.account
        if order.side is Side.BUY:
            fees = sum(self._fee(market.sim.market, working, fill) for fill in fills)
            balance, needed = account.free_collateral(), order.maker_amount + fees
            if balance < needed and account.bottomless:
                account.deposit(needed - balance)
                return None
        else:
            balance, needed = account.free_tokens(order.token_id), order.maker_amount
            if balance < needed and account.bottomless:
                account.deposit(needed - balance)
                self._tokens.split(account, market.sim, needed - balance)
                return None
        return unfunded(balance=balance, needed=needed) if balance < needed else None

    def _execute(
        self,
        order: NewOrder,
        working: WorkingOrder,
        terms: Terms,
        fills: list[LevelFill],
        market: ListedMarket,
    ) -> Placement:
        """Carry out an order that is in order: kill it, match it, rest it."""
        now_ms = working.created_ms
        cost = sum(_cost(working, fill) for fill in fills)
        size = sum(fill.size for fill in fills)
        left = terms.size - size if terms.dollars is None else terms.dollars - cost
        kill = _kill_text(order.time_in_force, filled=bool(fills), left=left)
        self.open.remember(working, filled=bool(fills) and not kill)
        if kill:
            self.open.tell(
                working, OrderChange.CANCELLATION, now_ms, reason=CancelReason.KILLED, detail=kill
            )
            return _refused(order, Fault(Refusal.KILLED, kill))
        fee = sum(self._match(working, fill, market, bucket) for bucket, fill in enumerate(fills))
        self._rest_or_end(order, working, left, market)
        making, taking = (cost, size) if order.side is Side.BUY else (size, cost)
        return Placement(
            order_id=order.order_id,
            status=PlacedStatus.MATCHED if fills else PlacedStatus.LIVE,
            making=making,
            taking=taking,
            fee=Collateral(fee),
            trade_ids=tuple(working.trade_ids),
        )

    def _rest_or_end(
        self, order: NewOrder, working: WorkingOrder, left: int, market: ListedMarket
    ) -> None:
        now_ms = working.created_ms
        rests = order.time_in_force in {TimeInForce.GTC, TimeInForce.GTD}
        restable = left - left % granularity(working.price) if rests else 0
        if restable >= DUST:
            working.left = restable
            self.open.rest(working, market)
            if order.time_in_force is TimeInForce.GTD:
                expiry_ms = order.expiration_s * 1_000 - GTD_EARLY_MS
                self.agenda.add(expiry_ms, Due.EXPIRE, order.order_id)
            self.open.tell(working, OrderChange.PLACEMENT, now_ms)
        if working.matched:
            self.open.tell(working, OrderChange.UPDATE, now_ms)
        if not rests and left >= DUST:
            self.open.tell(working, OrderChange.CANCELLATION, now_ms, reason=CancelReason.KILLED)

    def _match(
        self, taker: WorkingOrder, fill: LevelFill, market: ListedMarket, bucket: int
    ) -> int:
        """Carry out one level's match and return the taker's fee."""
        trade_id = self.settlements.next_trade_id()
        fee = self._fee(market.sim.market, taker, fill)
        parties = [_party(taker, fill.yes_price, fill.size, fee)]
        minted = 0
        for maker, size in fill.slices:
            self.open.fill(maker, size, market)
            maker.trade_ids.append(trade_id)
            parties.append(_party(maker, fill.yes_price, size, 0))
            if maker.side is taker.side:
                minted += size if taker.side is Side.BUY else -size
        taker.matched += fill.size
        taker.trade_ids.append(trade_id)
        market.last_price = fill.yes_price
        trade = _trade(trade_id, taker, fill, fee=fee, bucket=bucket)
        due_ms = self.settlements.begin(trade, market.sim, tuple(parties), minted=minted)
        self.agenda.add(due_ms, Due.SETTLE, trade_id)
        self._tell_match(trade, fill)
        return fee

    def _tell_match(self, trade: Trade, fill: LevelFill) -> None:
        now_ms = trade.match_time_ms
        self._outbox.add(
            Traded(
                condition_id=trade.condition_id,
                token_id=trade.token_id,
                side=trade.side,
                price=trade.price,
                size=trade.size,
                trade_id=trade.trade_id,
                time_ms=now_ms,
            )
        )
        if self.settlements.concerns_trader(trade.trade_id):
            self._outbox.add(TradeChanged(trade=trade, time_ms=now_ms))
        for maker, _ in fill.slices:
            self.open.tell(maker, OrderChange.UPDATE, now_ms)

    def _still_due(self, due: Due, key: str) -> bool:
        return key in self.settlements if due is Due.SETTLE else key in self.open

    def _fee(self, market: Market, taker: WorkingOrder, fill: LevelFill) -> int:
        rule = fee_floor if self._rules.fee_rounding is FeeRounding.FLOOR else fee_expected
        return rule(market.fee, price=taker.own_price(fill.yes_price), size=Size(fill.size))


def _kill_text(time_in_force: TimeInForce, *, filled: bool, left: int) -> str:
    if time_in_force is TimeInForce.FOK and (not filled or left >= DUST):
        return FOK_KILLED
    if time_in_force is TimeInForce.FAK and not filled:
        return FAK_KILLED
    return ""


def _working(
    order: NewOrder, account: Account, market: ListedMarket, terms: Terms, now_ms: int
) -> WorkingOrder:
    return WorkingOrder(
        order_id=order.order_id,
        account=account,
        condition_id=market.condition_id,
        token_id=order.token_id,
        outcome=market.outcome(order.token_id),
        side=order.side,
        price=terms.price,
        size=terms.size,
        time_in_force=order.time_in_force,
        expiration_s=order.expiration_s,
        created_ms=now_ms,
    )


def _cost(order: WorkingOrder, fill: LevelFill) -> int:
    return fill.size * order.own_price(fill.yes_price) // MICROS


def _party(order: WorkingOrder, yes_price: Price, size: int, fee: int) -> Party:
    cost = size * order.own_price(yes_price)
    assert cost % MICROS == 0, (size, yes_price)
    return Party(order.account, order.token_id, order.side, size, cost // MICROS, fee)


def _slice(maker: WorkingOrder, size: int) -> MakerSlice:
    return MakerSlice(
        order_id=maker.order_id,
        account=maker.account.name,
        matched_amount=Size(size),
        price=maker.price,
        token_id=maker.token_id,
        outcome=maker.outcome,
        side=maker.side,
    )


def _trade(trade_id: str, taker: WorkingOrder, fill: LevelFill, *, fee: int, bucket: int) -> Trade:
    return Trade(
        trade_id=trade_id,
        taker_order_id=taker.order_id,
        taker_account=taker.account.name,
        condition_id=taker.condition_id,
        token_id=taker.token_id,
        outcome=taker.outcome,
        side=taker.side,
        size=Size(fill.size),
        price=taker.own_price(fill.yes_price),
        fee=Collateral(fee),
        bucket_index=bucket,
        match_time_ms=taker.created_ms,
        last_update_ms=taker.created_ms,
        state=TradeState.MATCHED,
        transaction_hash="",
        maker_orders=tuple(_slice(maker, size) for maker, size in fill.slices),
    )


def _refused(order: NewOrder, fault: Fault) -> Placement:
    return Placement(
        order_id=order.order_id,
        status=PlacedStatus.REFUSED,
        error=fault.text,
        refusal=fault.refusal,
    )
