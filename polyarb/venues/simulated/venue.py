"""The whole simulated venue behind its network face: one owner of all state, no sockets.

Every method that may change something tells the channels before it returns.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from polyarb.core.book import OrderBook
from polyarb.core.market import Market
from polyarb.core.money import MICROS, Collateral
from polyarb.venues.polymarket.keccak import keccak
from polyarb.venues.simulated.auth import ApiKey, KeyRing, check_channel
from polyarb.venues.simulated.calls import Action
from polyarb.venues.simulated.deadman import Deadman
from polyarb.venues.simulated.exchange import Exchange
from polyarb.venues.simulated.flow import flow_hash
from polyarb.venues.simulated.gamma import Catalogue, Quote
from polyarb.venues.simulated.intake import PostedOrder, Turned, admit
from polyarb.venues.simulated.perform import perform
from polyarb.venues.simulated.player import FlowPlayer
from polyarb.venues.simulated.publisher import Publisher
from polyarb.venues.simulated.records import ExchangeRules, FeeRounding, Placement
from polyarb.venues.simulated.relayer import Relayer, Submission, Transaction
from polyarb.venues.simulated.wallets import Wallets
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
        self.exchange = Exchange(_rules(options))
        self.catalogue = Catalogue()
        self.keys = KeyRing(seed=options.seed)
        self.wallets = Wallets(
            self.exchange, self.keys, deposit=options.deposit, label_of=self._label_of
        )
        self.deadman = Deadman(new_id=self._new_id)
        self.relayer = Relayer(latency_ms=options.relayer_ms, new_id=self._new_id)
        self._publisher = Publisher(
            self.exchange,
            catalogue=self.catalogue,
            wallets=self.wallets,
            authenticate=partial(check_channel, keys=self.keys),
            start_ms=self.start_ms,
        )
        self.market_channel = self._publisher.market
        self.user_channel = self._publisher.user
        self.rest_book = self._publisher.rest_book
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

    def flow_hash(self) -> str:
        """Return what names this run's background flow; takes a moment."""
        return flow_hash(self.options.seed, self.world)

    def tick(self) -> None:
        """Let time pass: settle, expire, relay, miss heartbeats, and play the background."""
        now_ms = self.now_ms()
        self.exchange.advance(now_ms)
        self.relayer.advance(now_ms, partial(self._perform, now_ms=now_ms))
        for key in self.deadman.silent(now_ms):
            self._cancel_of_key(key, now_ms)
        self.player.advance(now_ms, limit=COMMANDS_PER_TICK)
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
        placement = self.exchange.place(order, now_ms=self.now_ms())
        self.publish()
        return placement

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
