"""The whole simulated venue behind its network face: one owner of all state, no sockets.

Every method that may change something tells the channels before it returns.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from polyarb.core.book import OrderBook
from polyarb.core.market import Market, Outcome
from polyarb.core.money import MICROS, Collateral
from polyarb.venues.polymarket.keccak import keccak
from polyarb.venues.simulated.admission import duplicated
from polyarb.venues.simulated.auth import ApiKey, KeyRing, check_channel
from polyarb.venues.simulated.calls import Action
from polyarb.venues.simulated.deadman import Deadman
from polyarb.venues.simulated.exchange import Exchange
from polyarb.venues.simulated.fault_texts import refuse
from polyarb.venues.simulated.flow import flow_hash
from polyarb.venues.simulated.gamma import Catalogue, Quote
from polyarb.venues.simulated.held_orders import HeldOrders
from polyarb.venues.simulated.intake import PostedOrder, Turned, admit
from polyarb.venues.simulated.perform import perform
from polyarb.venues.simulated.player import FlowPlayer
from polyarb.venues.simulated.publisher import Publisher
from polyarb.venues.simulated.records import (
    ExchangeRules,
    FeeRounding,
    NewOrder,
    PlacedStatus,
    Placement,
    Statement,
)
from polyarb.venues.simulated.relayer import Relayer, Submission, Transaction
from polyarb.venues.simulated.stale_reads import StaleReads
from polyarb.venues.simulated.venue_faults import VenueFaults
from polyarb.venues.simulated.wallets import Wallets
from polyarb.venues.simulated.wire import Json
from polyarb.venues.simulated.world import ListedEvent, build_world

DEPOSIT: Final = Collateral(10_000 * MICROS)
COMMANDS_PER_TICK: Final = 200
_OPENING_COMMANDS: Final = 100_000
_NO_BOOK: Final = OrderBook(bids=(), asks=())


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueOptions:
    """What a run of the venue may differ in.

    seed: of the background flow, ids and resolutions. flow: whether background traders trade.
    deposit: what every new wallet starts with. mined_ms, confirmed_ms: settlement, counted from
    the match. retry_ms: from RETRYING to the next attempt or to FAILED. relayer_ms: from a
    batch's submission to its end.
    """

    seed: int = 7
    flow: bool = True
    deposit: Collateral = DEPOSIT
    mined_ms: int = 150
    confirmed_ms: int = 400
    retry_ms: int = 1_000
    relayer_ms: int = 400
    fee_rounding: FeeRounding = FeeRounding.HALF_UP

    def __post_init__(self) -> None:
        assert 0 < self.mined_ms < self.confirmed_ms, (self.mined_ms, self.confirmed_ms)
        assert self.deposit >= 0, self.deposit
        assert self.relayer_ms >= 0, self.relayer_ms


class Venue:
    """Exchange, listing, wallets, keys, relayer and background flow of one venue."""

    def __init__(self, options: VenueOptions, *, now_ns: Callable[[], int]) -> None:
        self.options = options
        self._now_ns = now_ns
        self._ids = 0
        self.start_ms = now_ns() // 1_000_000
        self.world = build_world(now_ns())
        self.faults = VenueFaults(self.now_ms)
        self.exchange = Exchange(_rules(options), fate_of=self.faults.settlement)
        self.catalogue = Catalogue()
        self.keys = KeyRing(seed=options.seed)
        self.wallets = Wallets(
            self.exchange, self.keys, deposit=options.deposit, label_of=self._label_of
        )
        self.deadman = Deadman(new_id=self._new_id)
        self.relayer = Relayer(
            latency_ms=options.relayer_ms, new_id=self._new_id, fate_of=self.faults.action
        )
        self._publisher = Publisher(
            self.exchange,
            catalogue=self.catalogue,
            wallets=self.wallets,
            authenticate=partial(check_channel, keys=self.keys),
            start_ms=self.start_ms,
            faults=self.faults.frames,
        )
        self._held = HeldOrders()
        self.stale = StaleReads(
            plan=self.faults.plan, books=self._books, statements=self._statements
        )
        self.market_channel = self._publisher.market
        self.user_channel = self._publisher.user
        self.last_side = self._publisher.last_side
        self.publish = self._publisher.publish
        for listed in self.world.events:
            self.list_event(listed, self.start_ms)
        self.player = FlowPlayer(
            seed=options.seed,
            world=self.world,
            exchange=self.exchange,
            list_event=self.list_event,
        )
        if options.flow:
            self.player.advance(self.start_ms, limit=_OPENING_COMMANDS)
        else:
            self.player.paused = True
        self.publish()

    def now_ms(self) -> int:
        """Return the venue's clock in Unix milliseconds."""
        return self._now_ns() // 1_000_000

    def told_s(self) -> int:
        """Return the clock that the venue shows and checks signatures by, in Unix seconds."""
        return self.now_ms() // 1_000 + self.faults.skew_s()

    def flow_hash(self) -> str:
        """Return what names this run's background flow; takes a moment."""
        return flow_hash(self.options.seed, self.world)

    def tick(self) -> None:
        """Let time pass: settle, expire, relay, miss heartbeats, and play the background."""
        now_ms = self.now_ms()
        self.exchange.advance(now_ms)
        for order in self._held.release(now_ms):
            self.exchange.place(order, now_ms=now_ms)
        self.relayer.advance(now_ms, partial(self._perform, now_ms=now_ms))
        for key in self.deadman.silent(now_ms):
            self._cancel_of_key(key, now_ms)
        self.player.advance(now_ms, limit=COMMANDS_PER_TICK)
        self.stale.look(now_ms)
        self.publish()

    def list_event(self, listed: ListedEvent, now_ms: int) -> None:
        """List an event and every question that it has on chain."""
        self.catalogue.add(listed)
        for sim in listed.sim_markets():
            self.exchange.add_market(sim, now_ms=now_ms)

    def post(self, posted: PostedOrder, key: ApiKey) -> Placement | Turned:
        """Check one order of `key` and send it to the exchange."""
        order = admit(posted, key, wallet_of=self.wallets.account, market_of=self._market_of_token)
        if isinstance(order, Turned):
            return order
        answer = self._disturbed(order) or self.exchange.place(order, now_ms=self.now_ms())
        self.publish()
        return answer

    def cancel(self, key: ApiKey, order_ids: Sequence[str]) -> tuple[list[str], list[str]]:
        """Cancel open orders of `key`; returns the ids that were and those that were not."""
        done: list[str] = []
        for order_id in dict.fromkeys(order_ids):
            order = self.exchange.order(order_id)
            if order is not None and order.account in self.wallets.accounts_of(key.address):
                self.exchange.cancel(order.account, order_id, now_ms=self.now_ms())
                done.append(order_id)
        self.publish()
        return done, [i for i in dict.fromkeys(order_ids) if i not in done]

    def cancel_market(self, key: ApiKey, *, condition_id: str, token_id: str) -> list[str]:
        """Cancel orders of `key` in a market and/or of a token ("" is any); returns their ids."""
        done: list[str] = []
        for account in self.wallets.accounts_of(key.address):
            done += self.exchange.cancel_market(
                account, condition_id=condition_id, token_id=token_id, now_ms=self.now_ms()
            )
        self.publish()
        return done

    def submit(self, submission: Submission) -> Transaction:
        """Take a batch for the relayer, opening its wallet. Raises SubmitError."""
        made = self.relayer.submit(submission, now_ms=self.now_ms())
        self.wallets.account(submission.sender.lower(), 3)
        return made

    def rest_book(self, token_id: str) -> Json | None:
        """Return a token's REST book, None for an unknown token."""
        old = self.stale.book(token_id, now_ms=self.now_ms())
        return old or self._publisher.rest_book(token_id)

    def statement(self, account: str, token_id: str) -> Statement:
        """Return a wallet's account as its balances are told over REST.

        token_id: what is asked about, "" for collateral.
        """
        old = self.stale.statement(account, token_id, now_ms=self.now_ms())
        return old or self.exchange.statement(account)

    def quote_of(self, condition_id: str) -> Quote:
        """Return what the listing shows of a market's trading."""
        sim = self.exchange.market(condition_id)
        if sim is None:
            found = self.catalogue.of_condition(condition_id)
            assert found is not None, condition_id
            return Quote(
                book=_NO_BOOK,
                tick_size=found[1].market.tick_size,
                last=None,
                accepting_orders=True,
                yes_payout=None,
            )
        return Quote(
            book=self.exchange.book(condition_id),
            tick_size=sim.market.tick_size,
            last=self.exchange.last_trade_price(sim.market.yes_token),
            accepting_orders=self.exchange.is_open(condition_id),
            yes_payout=self.exchange.payout(condition_id),
        )

    def _disturbed(self, order: NewOrder) -> Placement | Turned | None:
        """Return what an order is answered without reaching the exchange, None if it does."""
        if order.order_id in self._held:
            fault = duplicated(order)
            return Turned(400, fault.text)
        firing, known = self.faults.order(order), self.exchange.is_duplicate(order.order_id)
        if known and self.faults.lets_repost(order):
            self.exchange.forget_unfilled(order.order_id)
        if firing is None:
            return None
        if firing.fault == "refuse_order":
            market = self._market_of_token(order.token_id)
            assert market is not None, order.token_id
            return refuse(order, market, str(firing.how["error"]))
        if known or self._held.full:
            return None
        self._held.hold(order, until_ms=self.now_ms() + firing.ms("delay_ms"))
        return Placement(order_id=order.order_id, status=PlacedStatus.DELAYED)

    def _books(self) -> dict[str, Json]:
        tokens = [s.market.token(outcome) for s in self.exchange.markets() for outcome in Outcome]
        books = ((t, self._publisher.rest_book(t)) for t in tokens)
        return {t: book for t, book in books if book is not None}

    def _statements(self) -> dict[str, Statement]:
        return {a: self.exchange.statement(a) for a in self.wallets.accounts()}

    def _perform(self, account: str, actions: Sequence[Action], *, now_ms: int) -> None:
        perform(self.exchange, account, actions, now_ms=now_ms)

    def _cancel_of_key(self, key: str, now_ms: int) -> None:
        found = self.keys.find(key)
        if found is not None:
            for account in self.wallets.accounts_of(found.address):
                self.exchange.cancel_all(account, now_ms=now_ms)

    def _market_of_token(self, token_id: str) -> Market | None:
        sim = self.exchange.market_of_token(token_id)
        return None if sim is None else sim.market

    def _label_of(self, token_id: str) -> str:
        sim = self.exchange.market_of_token(token_id)
        assert sim is not None, token_id
        found = self.catalogue.of_condition(sim.condition_id)
        assert found is not None, sim.condition_id
        return found[1].labels[0 if token_id == sim.market.yes_token else 1]

    def _new_id(self) -> str:
        self._ids += 1
        text = f"{self.options.seed}/{self.start_ms}/{self._ids}"
        raw = keccak(text.encode()).hex()
        return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-8{raw[17:20]}-{raw[20:32]}"


def _rules(options: VenueOptions) -> ExchangeRules:
    return ExchangeRules(
        seed=options.seed,
        fee_rounding=options.fee_rounding,
        mined_after_ms=options.mined_ms,
        retry_after_ms=options.retry_ms,
        confirmed_after_ms=options.confirmed_ms - options.mined_ms,
    )
