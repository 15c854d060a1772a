"""The labelled corpus: listed events with books, and what is true about them.

A listing is what the venue shows; `Case.space` is what can happen. Nothing in here knows a finder.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from hashlib import sha256
from random import Random
from typing import Final, Protocol

from bench.corpus import quotes
from bench.corpus.quotes import Quote
from bench.corpus.spaces import Space, listing
from polyarb.core.book import OrderBook
from polyarb.core.fees import FeeSchedule
from polyarb.core.market import Event, Market
from polyarb.core.money import MICROS, Price, Size
from services.scanner.catalogue import Reviewed

RATE: Final = 0.04
TABLE_SEED: Final = 20_261_122
"""What `make corpus` measures. Nothing is developed or tested on it."""

DEVELOPMENT_SEEDS: Final = (7, 8, 9)

MUST_WIN: Final = "The winner is whoever is certified; a tie is broken by lot."
MAY_FAIL: Final = "If nobody is certified by the deadline, every market resolves NO."


class Family(Enum):
    """The classes of the table."""

    BINARY = "binary"
    EXHAUSTIVE = "exhaustive"
    OPEN = "augmented or incomplete"


class Labelled(Protocol):
    """What detection is measured on. quoted: the tradable markets with their books.

    space: what can happen, by places in `quoted`.
    """

    @property
    def name(self) -> str: ...
    @property
    def family(self) -> Enum: ...
    @property
    def quoted(self) -> tuple[tuple[Market, OrderBook], ...]: ...
    @property
    def space(self) -> Space: ...
    @property
    def crossed(self) -> bool: ...


class Gap(Enum):
    """The one reason why an open field's listed outcomes do not exhaust it."""

    AUGMENTED = "augmented"
    UNLISTED = "unlisted"
    CLOSED = "closed"
    PLACEHOLDER = "placeholder"
    UNCOUNTED = "uncounted"
    UNREVIEWED = "unreviewed"
    RULES_CHANGED = "rules changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One listed event. books: by condition id, of the tradable markets. reviews: by slug."""

    name: str
    family: Family
    event: Event
    books: Mapping[str, OrderBook]
    reviews: Mapping[str, Reviewed]
    gap: Gap | None = None

    @property
    def quoted(self) -> tuple[tuple[Market, OrderBook], ...]:
        """Return the tradable markets with their books, in listed order."""
        listed = self.event.markets
        return tuple(
            (m, self.books[m.condition_id]) for m in listed if m.condition_id in self.books
        )

    @property
    def space(self) -> Space:
        """Return every world, by places in `quoted`: one of the markets wins, or none does."""
        count = len(self.books)
        winners = tuple((place,) for place in range(count))
        return listing(count, winners if self.family is Family.EXHAUSTIVE else (*winners, ()))

    @property
    def crossed(self) -> bool:
        """Return whether a book is crossed: a data alarm, whatever it would pay."""
        return any(book.crossed for book in self.books.values())


Shape = Callable[[Random, list[float]], list[Quote]]


def _fees(probabilities: Sequence[float]) -> float:
    return RATE * sum(p * (1 - p) for p in probabilities)


def _scaled(probabilities: Sequence[float], total: float) -> list[float]:
    return [p * total for p in probabilities]


def _worth_it(rng: Random, fees: float) -> float:
    return fees + 0.004 + 0.05 * rng.random()


def _eaten(rng: Random, fees: float) -> float:
    return fees * (0.25 + 0.5 * rng.random())


def fair(rng: Random, p: list[float]) -> list[Quote]:
    """Return quotes around consistent probabilities: nothing to gain."""
    return quotes.around(rng, p)


def cheap(rng: Random, p: list[float]) -> list[Quote]:
    """Return asks that sum to less than 1.00 by more than the fees."""
    return quotes.from_asks(rng, _scaled(p, 1 - _worth_it(rng, _fees(p))))


def cheap_before_fees(rng: Random, p: list[float]) -> list[Quote]:
    """Return asks that sum to less than 1.00 by less than the fees."""
    return quotes.from_asks(rng, _scaled(p, 1 - _eaten(rng, _fees(p))))


def missing_mass(rng: Random, p: list[float]) -> list[Quote]:
    """Return asks far below 1.00, because the rest belongs to outcomes that are not quoted."""
    return quotes.from_asks(rng, _scaled(p, 0.75 + 0.19 * rng.random()))


def dear(rng: Random, p: list[float]) -> list[Quote]:
    """Return bids that sum to more than 1.00 by more than the fees."""
    return quotes.from_bids(rng, _scaled(p, 1 + _worth_it(rng, _fees(p))))


def dear_before_fees(rng: Random, p: list[float]) -> list[Quote]:
    """Return bids that sum to more than 1.00 by less than the fees."""
    return quotes.from_bids(rng, _scaled(p, 1 + _eaten(rng, _fees(p))))


def one_crossed(rng: Random, p: list[float]) -> list[Quote]:
    """Return fair quotes but for one book, crossed by more than its two fees."""
    found, at = quotes.around(rng, p), rng.randrange(len(p))
    found[at] = quotes.crossed(found[at], _worth_it(rng, 2 * _fees(p[at : at + 1])))
    return found


def crossed_before_fees(rng: Random, p: list[float]) -> list[Quote]:
    """Return one book, crossed by less than its two fees."""
    return [quotes.crossed(q, _eaten(rng, 2 * _fees(p))) for q in quotes.around(rng, p)]


SHAPES: Final[Mapping[Family, Mapping[Shape, int]]] = {
    Family.BINARY: {fair: 25, one_crossed: 35, crossed_before_fees: 40},
    Family.EXHAUSTIVE: {
        fair: 20, cheap: 20, cheap_before_fees: 20, dear: 20, dear_before_fees: 15, one_crossed: 5,
    },
    Family.OPEN: {fair: 10, missing_mass: 30, dear: 35, dear_before_fees: 20, one_crossed: 5},
}  # fmt: skip


def make_corpus(seed: int, *, binary: int, exhaustive: int, open_field: int) -> Iterator[Case]:
    """Yield the corpus of a seed: so many events of each family, independent of each other."""
    counts = {Family.BINARY: binary, Family.EXHAUSTIVE: exhaustive, Family.OPEN: open_field}
    number = 0
    for family, count in counts.items():
        for index in range(count):
            number += 1
            yield _case(family, number, Random(f"{seed}/{family.name}/{index}"))


def digest(cases: Sequence[Labelled]) -> str:
    """Return a hash over every listing, book and label, to tell one corpus from another."""
    return sha256("".join(repr(case) for case in cases).encode()).hexdigest()[:16]


def _case(family: Family, number: int, rng: Random) -> Case:
    shapes = SHAPES[family]
    (shape,) = rng.choices(tuple(shapes), weights=tuple(shapes.values()))
    if family is Family.BINARY:
        made = shape(rng, [0.12 + 0.76 * rng.random()])
    else:
        made = shape(rng, quotes.chances(rng, rng.randint(3, 20)))
    case = listed(f"{family.value} {number}: {shape.__name__}", family, number, made, rng)
    return opened(case, rng.choice(tuple(Gap)), number) if family is Family.OPEN else case


def listed(name: str, family: Family, number: int, made: Sequence[Quote], rng: Random) -> Case:
    """Return an event with these quotes, all its questions listed. number: of its ids."""
    markets = tuple(_market(number, i, quote.tick) for i, quote in enumerate(made))
    return Case(
        name=name,
        family=family,
        event=_event(family, number, markets),
        books={m.condition_id: quotes.book(rng, q) for m, q in zip(markets, made, strict=True)},
        reviews={f"event-{number}": _review(number, MUST_WIN)},
    )


def _market(number: int, index: int, tick: int) -> Market:
    identity = 64 * number + index
    return Market(
        condition_id=f"0x{identity:064x}",
        question_id=f"0x{number:062x}{index:02x}",
        title=f"Outcome {index}",
        yes_token=str(2 * identity),
        no_token=str(2 * identity + 1),
        tick_size=Price(tick),
        min_order_size=Size(5 * MICROS),
        fee=FeeSchedule(int(RATE * MICROS)),
        fee_read_time_ns=0,
        neg_risk=True,
        accepting_orders=True,
    )


def _event(family: Family, number: int, markets: tuple[Market, ...]) -> Event:
    binary = family is Family.BINARY
    return Event(
        event_id=str(number),
        slug=f"event-{number}",
        title=f"Event {number}",
        rules=MUST_WIN,
        neg_risk=not binary,
        augmented=False,
        neg_risk_market_id="" if binary else f"0x{number:062x}00",
        markets=tuple(replace(m, neg_risk=False) for m in markets) if binary else markets,
        question_count=None if binary else len(markets),
    )


def _review(number: int, rules: str) -> Reviewed:
    return Reviewed(f"event-{number}", sha256(rules.encode()).hexdigest())


def opened(case: Case, gap: Gap, number: int) -> Case:
    """Return the case as an open field, by exactly one gap in an otherwise provable listing."""
    event, reviews = case.event, dict(case.reviews)
    count = len(event.markets)
    extra = _market(number, count, quotes.MILL)
    match gap:
        case Gap.AUGMENTED:
            event = replace(event, augmented=True)
        case Gap.UNLISTED:
            event = replace(event, question_count=count + 1)
        case Gap.CLOSED:
            closed = replace(extra, accepting_orders=False)
            event = replace(event, markets=(*event.markets, closed), question_count=count + 1)
        case Gap.PLACEHOLDER:
            unnamed = replace(extra, placeholder=True)
            event = replace(event, markets=(*event.markets, unnamed), question_count=count + 1)
        case Gap.UNCOUNTED:
            event = replace(event, question_count=None)
        case Gap.UNREVIEWED:
            event, reviews = replace(event, rules=MAY_FAIL), {}
        case Gap.RULES_CHANGED:
            event = replace(event, rules=MAY_FAIL)
    return replace(case, event=event, reviews=reviews, gap=gap, name=f"{case.name}, {gap.value}")
