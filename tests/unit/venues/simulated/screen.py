"""What the background's resting orders show, and what they are worth. Shared by tests."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations, takewhile

from polyarb.core.fees import fee_per_token_atto
from polyarb.core.market import Market
from polyarb.core.money import MICROS, Price, complement
from polyarb.core.order import Side, TimeInForce
from polyarb.venues.simulated.commands import Cancel, Command, ListEvent, Place, Resolve
from polyarb.venues.simulated.flow import background
from polyarb.venues.simulated.listings import Kind
from polyarb.venues.simulated.world import ListedEvent, Listing, World, rolling_event


def until(seed: int, world: World, end_ms: int) -> Iterator[Command]:
    return takewhile(lambda c: c.at_ms <= end_ms, background(seed, world))


@dataclass
class Screen:
    """The resting background orders as a venue without takers would show them."""

    world: World
    events: list[ListedEvent] = field(default_factory=list)
    market_of: dict[str, Market] = field(default_factory=dict)
    resting: dict[int, tuple[str, bool, int, int, str]] = field(default_factory=dict)
    prices: dict[tuple[str, bool], dict[int, int]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    def __post_init__(self) -> None:
        for event in self.world.events:
            self.add(event)

    def add(self, event: ListedEvent) -> None:
        self.events.append(event)
        for question in event.questions:
            self.market_of[question.market.yes_token] = question.market
            self.market_of[question.market.no_token] = question.market

    def apply(self, command: Command) -> None:
        match command:
            case ListEvent():
                self.add(rolling_event(command.serial, now_ns=0, end_ns=1))
            case Resolve():
                self.events = [
                    e
                    for e in self.events
                    if e.questions[0].market.condition_id != command.condition_id
                ]
            case Cancel():
                condition, bid, price, _, trader = self.resting.pop(command.ref)
                assert trader == command.trader
                del self.prices[condition, bid][command.ref]
            case Place(time_in_force=TimeInForce.GTC):
                market = self.market_of[command.token_id]
                on_yes = command.token_id == market.yes_token
                bid = on_yes is (command.side is Side.BUY)
                price = command.price if on_yes else complement(command.price)
                self.resting[command.ref] = (
                    market.condition_id, bid, price, command.size, command.trader,
                )  # fmt: skip
                self.prices[market.condition_id, bid][command.ref] = price

    def best(self, condition: str, *, bid: bool) -> int | None:
        prices = self.prices[condition, bid].values()
        return (max(prices) if bid else min(prices)) if prices else None

    def bids_net(self, event: ListedEvent) -> float:
        """What the best set of NO is worth after fees, per 1.00 of face."""
        bests = [(q.market, self.best(q.market.condition_id, bid=True)) for q in event.quoted]
        return sum(max(0.0, b - _fee(m, b)) for m, b in bests if b is not None) - MICROS

    def asks_net(self, event: ListedEvent) -> float:
        """What a full set of YES is worth after fees, were there sure to be a winner."""
        bests = [(q.market, self.best(q.market.condition_id, bid=False)) for q in event.quoted]
        if any(a is None for _, a in bests):
            return -MICROS
        return MICROS - sum(a + _fee(m, a) for m, a in bests if a is not None)

    def crossing_net(self, narrow: Listing, wide: Listing) -> float:
        """What NO of the narrow and YES of the wide market are worth after fees, per 1.00."""
        bid = self.best(narrow.market.condition_id, bid=True)
        ask = self.best(wide.market.condition_id, bid=False)
        if bid is None or ask is None:
            return -MICROS
        return bid - _fee(narrow.market, bid) - ask - _fee(wide.market, ask)

    def implications(self) -> list[tuple[Listing, Listing]]:
        """Every pair of which the first implies the second, not only the neighbours."""
        pairs: list[tuple[Listing, Listing]] = []
        for event in self.events:
            if event.kind is Kind.NESTED:
                pairs += combinations(event.narrowest_first, 2)
        known = {q.slug: q for e in self.events for q in e.questions}
        return pairs + [(known[q.implied_by], q) for q in known.values() if q.implied_by in known]

    def traders_in(self, event: ListedEvent) -> set[str]:
        return self.traders_of(*event.questions)

    def traders_of(self, *questions: Listing) -> set[str]:
        conditions = {q.market.condition_id for q in questions}
        return {order[4] for order in self.resting.values() if order[0] in conditions}


def _fee(market: Market, price: int) -> float:
    return fee_per_token_atto(market.fee, Price(price)) / 10**12


def frames(seed: int, world: World, end_ms: int) -> Iterator[tuple[int, Screen, set[str]]]:
    """Yield the screen after each instant, with the conditions that it touched."""
    screen, touched, at_ms = Screen(world), set[str](), 0
    for command in until(seed, world, end_ms):
        if command.at_ms != at_ms:
            yield at_ms, screen, touched
            touched, at_ms = set(), command.at_ms
        if isinstance(command, Cancel):
            touched.add(screen.resting[command.ref][0])
        screen.apply(command)
        if isinstance(command, Place):
            touched.add(screen.market_of[command.token_id].condition_id)
    yield at_ms, screen, touched
