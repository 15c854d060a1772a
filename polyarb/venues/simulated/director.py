"""What a test or the end of a run does to the venue from outside its protocol."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Final

from polyarb.core.market import TICK_SIZES
from polyarb.core.money import MICROS, Price, complement, parse_micros
from polyarb.core.order import Side, TimeInForce
from polyarb.venues.simulated.commands import CARELESS, MAKER, TRADERS, Place, new_order, order_id
from polyarb.venues.simulated.crossing import Spread, plan_large_crossing
from polyarb.venues.simulated.faults import Firing
from polyarb.venues.simulated.listings import Kind
from polyarb.venues.simulated.mispricing import Board, Mispricing, Quote, Way, plan_large
from polyarb.venues.simulated.oracle import answers, contradiction, winners_by_hand
from polyarb.venues.simulated.venue import Venue
from polyarb.venues.simulated.world import ListedEvent, Listing

_FIRST_REF: Final = 10**12
"""Orders of forced mispricings are numbered from here; the flow never gets so far."""


@dataclass(frozen=True, slots=True)
class Forced:
    """A mispricing that stands. listings: what its quotes' indexes mean."""

    plan: Mispricing
    listings: Sequence[Listing]


class Director:
    """Interventions: mispricing on demand, faults, and the end of the simulated time."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._rng = Random(venue.options.seed)  # noqa: S311 - repeatable, not secret
        self._refs = _FIRST_REF
        self._standing: list[tuple[int, int]] = []
        self.resolved = False

    def tick(self) -> None:
        """Take forced orders back whose time is over, and let the plan's faults happen."""
        now_ms = self._venue.now_ms()
        firing = self._venue.faults.moment()
        if firing is not None:
            self._happen(firing)
        over = [ref for until_ms, ref in self._standing if until_ms <= now_ms]
        if over:
            self._standing = [s for s in self._standing if s[0] > now_ms]
            for ref in over:
                self._venue.exchange.cancel(CARELESS, order_id(ref), now_ms=now_ms)
            self._venue.publish()

    def resolve_all(self) -> dict[str, int]:
        """Resolve everything and end the background; returns micros per YES by condition."""
        venue, now_ms = self._venue, self._venue.now_ms()
        venue.player.ended = True
        self._standing.clear()
        for trader in TRADERS:
            venue.exchange.cancel_all(trader, now_ms=now_ms)
        paid: dict[str, int] = {}
        for condition_id, payout in answers(
            venue.catalogue.events,
            payout_of=venue.exchange.payout,
            rng=self._rng,
        ):
            venue.exchange.resolve(condition_id, yes_payout=payout, now_ms=now_ms)
            paid[condition_id] = payout
        self.resolved = True
        venue.publish()
        return paid

    def resolve(self, event: ListedEvent, winner: str) -> None:
        """Resolve one event: the question with this condition id is YES, "" means none.

        So is what it implies within the event. Raises ValueError, with nothing changed, where that
        would contradict what another event is resolved to.
        """
        exchange, now_ms = self._venue.exchange, self._venue.now_ms()
        wins = zip(event.questions, winners_by_hand(event, winner), strict=True)
        wished = {q.market.condition_id: Price(MICROS if won else 0) for q, won in wins}
        made = {c: payout for c, payout in wished.items() if exchange.payout(c) is None}
        fault = contradiction(
            self._venue.catalogue.events, lambda c: made.get(c, exchange.payout(c))
        )
        if fault:
            raise ValueError(fault)
        for condition_id, payout in made.items():
            exchange.resolve(condition_id, yes_payout=payout, now_ms=now_ms)
        self._venue.publish()

    def misprice(self, event: ListedEvent, way: Way, *, stand_ms: int) -> Forced | None:
        """Misprice one event by clearly more than the fees for `stand_ms`; None if it cannot be.

        Of markets that imply one another two are crossed, by the narrow one's bid or the wide one's
        ask as `way` says. Makers' quotes that would meet the new ones are taken off first.
        """
        pairs = self._pairs(event)
        forced = self._crossed(pairs, way) if pairs else self._overpriced(event, way)
        if forced is None:
            return None
        for guard in forced.plan.guards:
            self._step_aside(forced.listings[guard.index], guard.price, guard.way)
        for quote in forced.plan.quotes:
            self._quote(forced.listings[quote.index], quote, stand_ms)
        self._venue.publish()
        return forced

    def _overpriced(self, event: ListedEvent, way: Way) -> Forced | None:
        listings = [q for q in event.quoted if not q.other]
        bests = [self._best(q, way) for q in listings]
        if len(bests) < 2 or None in bests:
            return None
        market = listings[0].market
        board = Board(bests=[b for b in bests if b], tick=market.tick_size, fee=market.fee)
        plan = plan_large(self._rng, board, way)
        return Forced(plan, listings) if plan else None

    def _pairs(self, event: ListedEvent) -> list[tuple[Listing, Listing]]:
        """Return the pairs (narrow, wide) whose wide market belongs to the event."""
        if event.kind is Kind.NESTED:
            return [*pairwise(event.narrowest_first)]
        known = {q.slug: q for e in self._venue.catalogue.events for q in e.questions}
        return [(known[q.implied_by], q) for q in event.questions if q.implied_by]

    def _crossed(self, pairs: Sequence[tuple[Listing, Listing]], way: Way) -> Forced | None:
        narrow, wide = self._rng.choice(pairs)
        bid, ask = self._best(narrow, Way.BIDS_OVER), self._best(wide, Way.ASKS_UNDER)
        if bid is None or ask is None:
            return None
        share = 4 if way is Way.BIDS_OVER else 0
        spread = Spread(narrow=narrow.market, wide=wide.market, bid=bid, ask=ask, share=share)
        plan = plan_large_crossing(self._rng, spread)
        return Forced(plan, (narrow, wide)) if plan else None

    def change_tick(self, condition_id: str, tick_size: Price) -> None:
        """Change the tick size of a market that the venue knows."""
        assert tick_size in TICK_SIZES, tick_size
        self._venue.exchange.set_tick_size(condition_id, tick_size, now_ms=self._venue.now_ms())
        self._venue.publish()

    def _happen(self, firing: Firing) -> None:
        how = firing.how
        if firing.fault == "tick_size":
            tick = Price(parse_micros(str(how["tick_size"])))
            self.change_tick(str(how["condition_id"]), tick)
        elif how["channel"] == "market":
            self._venue.market_channel.drop_all()
        else:
            self._venue.user_channel.drop_all()

    def _best(self, listing: Listing, way: Way) -> Price | None:
        book = self._venue.exchange.book(listing.market.condition_id)
        return book.best_bid if way is Way.BIDS_OVER else book.best_ask

    def _step_aside(self, listing: Listing, guard: Price, way: Way) -> None:
        """Take makers' quotes off that cross the guard price (YES)."""
        crossing = list(_crossing(self._venue, listing, guard, way))
        for crossing_id in crossing:
            self._venue.exchange.cancel(MAKER, crossing_id, now_ms=self._venue.now_ms())

    def _quote(self, listing: Listing, quote: Quote, stand_ms: int) -> None:
        """Bid for YES, or bid for NO where asks are to be too low."""
        over = quote.way is Way.BIDS_OVER
        market = listing.market
        self._refs += 1
        place = Place(
            at_ms=0,
            ref=self._refs,
            trader=CARELESS,
            token_id=market.yes_token if over else market.no_token,
            side=Side.BUY,
            price=quote.price if over else complement(quote.price),
            size=quote.size,
            time_in_force=TimeInForce.GTC,
        )
        now_ms = self._venue.now_ms()
        self._venue.exchange.place(new_order(place), now_ms=now_ms)
        self._standing.append((now_ms + stand_ms, self._refs))


def _crossing(venue: Venue, listing: Listing, guard: Price, way: Way) -> Iterator[str]:
    market = listing.market
    for order in venue.exchange.open_orders(MAKER):
        if order.condition_id != market.condition_id:
            continue
        on_yes = order.token_id == market.yes_token
        yes_price = order.price if on_yes else complement(order.price)
        is_bid = on_yes is (order.side is Side.BUY)
        if way is Way.BIDS_OVER and not is_bid and yes_price <= guard:
            yield order.order_id
        if way is Way.ASKS_UNDER and is_bid and yes_price >= guard:
            yield order.order_id


def quotes_json(forced: Forced) -> list[dict[str, object]]:
    """Return a plan's quotes for people: condition id, side, YES price and size in micros."""
    return [
        {
            "condition_id": forced.listings[q.index].market.condition_id,
            "way": q.way.value,
            "price": q.price,
            "size": q.size,
        }
        for q in forced.plan.quotes
    ]
