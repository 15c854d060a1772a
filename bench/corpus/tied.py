"""The other half of the corpus: markets of several questions, tied by reviewed relations.

A case is a listing with relations and books, as the scanner would read them; `TiedCase.space` is
what can happen. Prices are made so that one tie is kept, or broken by more or less than the fees.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from hashlib import sha256
from random import Random
from typing import Final

from bench.corpus import quotes
from bench.corpus.cases import MUST_WIN, RATE
from bench.corpus.quotes import Quote
from bench.corpus.shapes import (
    Plan,
    Shape,
    chained,
    clauses,
    crossed_events,
    exclusions,
    implications,
    ladder,
)
from bench.corpus.spaces import Space
from bench.corpus.ties import Tie
from polyarb.core.book import OrderBook
from polyarb.core.fees import FeeSchedule
from polyarb.core.market import Event, Market, Outcome
from polyarb.core.money import MICROS, Price, Size
from services.scanner.catalogue import Reviewed
from services.scanner.relations import RelatedMarket, Relation, Status


class TiedFamily(Enum):
    """The classes of the table."""

    LADDER = "ladder"
    IMPLICATION = "implication"
    EXCLUSION = "exclusion"
    CLAUSE = "clause"
    CROSSED = "across events"
    CHAIN = "30 to 60 markets"


@dataclass(frozen=True, slots=True, kw_only=True)
class TiedCase:
    """Related markets as listed. books: by condition id. reviews: of events, by slug.

    quoted: the markets with their books, as `ties` and `space` number them.
    """

    name: str
    family: TiedFamily
    events: tuple[Event, ...]
    relations: tuple[Relation, ...]
    reviews: Mapping[str, Reviewed]
    quoted: tuple[tuple[Market, OrderBook], ...]
    ties: tuple[Tie, ...]
    space: Space

    @property
    def crossed(self) -> bool:
        """Return whether a book is crossed; none is made so."""
        return any(book.crossed for _, book in self.quoted)


PLANS: Final[Mapping[TiedFamily, Shape]] = {
    TiedFamily.LADDER: ladder,
    TiedFamily.IMPLICATION: implications,
    TiedFamily.EXCLUSION: exclusions,
    TiedFamily.CLAUSE: clauses,
    TiedFamily.CROSSED: crossed_events,
    TiedFamily.CHAIN: chained,
}

TABLE_COUNTS: Final[Mapping[TiedFamily, int]] = {
    TiedFamily.LADDER: 100,
    TiedFamily.IMPLICATION: 100,
    TiedFamily.EXCLUSION: 100,
    TiedFamily.CLAUSE: 80,
    TiedFamily.CROSSED: 60,
    TiedFamily.CHAIN: 60,
}
"""What `make corpus` measures: 500 groups."""


def make_tied(seed: int, counts: Mapping[TiedFamily, int]) -> Iterator[TiedCase]:
    """Yield the corpus of a seed: so many groups of each family, independent of each other."""
    for family, count in counts.items():
        for index in range(count):
            rng = Random(f"{seed}/{family.name}/{index}")
            yield _case(family, index, rng)


# Prices


Mood = Callable[[Random, float], float]


def _kept(_rng: Random, _fees: float) -> float:
    return 0.0


def _broken(rng: Random, fees: float) -> float:
    return fees + 0.004 + 0.05 * rng.random()


def _broken_before_fees(rng: Random, fees: float) -> float:
    return fees * (0.25 + 0.5 * rng.random())


MOODS: Final[Mapping[Mood, int]] = {_kept: 25, _broken: 40, _broken_before_fees: 35}
"""By how much the bets of one set, of which one must win, together cost less than 1.00."""


def _fair(rng: Random, space: Space, count: int) -> list[float]:
    """Return probabilities that the space allows, but for the last hundredths."""
    drawn = [space.drawn(rng) for _ in range(rng.randint(4 + count, 4 + 3 * count))]
    weights = [rng.random() + 0.05 for _ in drawn]
    found = [0.0] * count
    for world, weight in zip(drawn, weights, strict=True):
        for market in world:
            found[market] += weight / sum(weights)
    return [min(max(p, 0.015), 0.985) for p in found]


def _quotes(rng: Random, mood: Mood, plan: Plan) -> list[Quote]:
    fair = _fair(rng, plan.space, plan.count)
    made = quotes.around(rng, fair)
    if mood is _kept:
        return made
    sets = [bets for tie in plan.ties for bets in tie.sets]
    bets = min(rng.sample(sets, min(6, len(sets))), key=lambda b: abs(_total(fair, b) - 1))
    prices = [fair[m] if o is Outcome.YES else 1 - fair[m] for m, o in bets]
    fees = RATE * sum(p * (1 - p) for p in prices)
    scale = (1 - mood(rng, fees)) / sum(prices)
    for (market, outcome), (tick, ask) in zip(
        bets, quotes.rounded(rng, [p * scale for p in prices]), strict=True
    ):
        gap = rng.randint(1, 3) * tick
        if outcome is Outcome.YES:
            made[market] = Quote(tick, ask - gap, ask)
        else:
            made[market] = Quote(tick, MICROS - ask, MICROS - ask + gap)
    return made


def _total(fair: Sequence[float], bets: Sequence[tuple[int, Outcome]]) -> float:
    return sum(fair[m] if o is Outcome.YES else 1 - fair[m] for m, o in bets)


# Listings


def _case(family: TiedFamily, index: int, rng: Random) -> TiedCase:
    plan = PLANS[family](rng)
    (mood,) = rng.choices(tuple(MOODS), weights=tuple(MOODS.values()))
    name = f"{family.value} {index}: {plan.name}, {mood.__name__.strip('_')}"
    return related(name, family, plan, _quotes(rng, mood, plan), rng)


def related(
    name: str, family: TiedFamily, plan: Plan, made: Sequence[Quote], rng: Random
) -> TiedCase:
    """Return the markets of a plan with these quotes."""
    markets = [_market(plan, i, quote.tick) for i, quote in enumerate(made)]
    events = tuple(_events(plan, markets))
    return TiedCase(
        name=name,
        family=family,
        events=events,
        relations=tuple(_relation(i, tie) for i, tie in enumerate(plan.told)),
        reviews={e.slug: Reviewed(e.slug, _hash(MUST_WIN)) for e in events if e.neg_risk},
        quoted=tuple((m, quotes.book(rng, q)) for m, q in zip(markets, made, strict=True)),
        ties=plan.ties,
        space=plan.space,
    )


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _market(plan: Plan, index: int, tick: int) -> Market:
    event, place = plan.place(index)
    return Market(
        condition_id=f"0x{index + 1:064x}",
        question_id=f"0x{event:062x}{place:02x}",
        title=f"Question {index}",
        yes_token=str(2 * index + 2),
        no_token=str(2 * index + 3),
        tick_size=Price(tick),
        min_order_size=Size(5 * MICROS),
        fee=FeeSchedule(int(RATE * MICROS)),
        fee_read_time_ns=0,
        neg_risk=event > 0,
        accepting_orders=True,
        slug=f"question-{index}",
        rules_sha256=_hash(f"Rules {index}"),
    )


def _events(plan: Plan, markets: Sequence[Market]) -> Iterator[Event]:
    """Yield the negative-risk events, then one event of all other markets."""
    for number, (members, exhaustive) in enumerate(plan.events, start=1):
        more = 0 if exhaustive else 1
        yield _event(number, [markets[m] for m in members], question_count=len(members) + more)
    loose = [market for market in markets if not market.neg_risk]
    if loose:
        yield _event(0, loose, question_count=None)


def _event(number: int, markets: Sequence[Market], *, question_count: int | None) -> Event:
    return Event(
        event_id=str(number),
        slug=f"event-{number}",
        title=f"Event {number}",
        rules=MUST_WIN,
        neg_risk=number > 0,
        augmented=False,
        neg_risk_market_id=f"0x{number:062x}00" if number else "",
        markets=tuple(markets),
        question_count=question_count,
    )


def _relation(index: int, tie: Tie) -> Relation:
    named = tie.outcomes or (Outcome.YES,) * len(tie.markets)
    return Relation(
        name=f"tie-{index}",
        kind=tie.kind,
        markets=tuple(
            RelatedMarket(f"question-{m}", _hash(f"Rules {m}"), outcome)
            for m, outcome in zip(tie.markets, named, strict=True)
        ),
        status=Status.REVIEWED,
        reviewed=date(2026, 11, 22),
    )
