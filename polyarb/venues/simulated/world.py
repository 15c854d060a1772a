"""The simulated venue's listed universe, with ids derived as the chain derives them.

A pure function of the templates and the time: slugs, ids and rules texts never depend on a seed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from polyarb.core.fees import FeeSchedule
from polyarb.core.market import Event, Market
from polyarb.core.money import MICROS, Price, Size, format_decimal
from polyarb.venues.polymarket.keccak import keccak
from polyarb.venues.polymarket.tokens import (
    NEG_RISK_ORACLE,
    UMA_ADAPTER,
    condition_id,
    neg_risk_question_id,
    outcome_tokens,
)
from polyarb.venues.simulated.listings import TEMPLATES, Kind, Template, rolling
from polyarb.venues.simulated.records import SimMarket
from polyarb.venues.simulated.related import RELATED

MIN_ORDER_SIZE: Final = Size(5 * MICROS)
OTHER: Final = "Other"
ROLLING_FROM: Final = 100_000
"""Rolling events are numbered from here, the others from 1."""

_SECOND_NS: Final = 10**9
_DAY_S: Final = 86_400
_GROUPED: Final = frozenset({Kind.DECIDED, Kind.OPEN_ENDED, Kind.AUGMENTED, Kind.TRUNCATED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One market with what the venue's metadata says beside the core's fields.

    number: the metadata service's own id. label: the outcome's name in its event, "" if alone.
    labels: names of the two outcome tokens. oracle: who answers the question (0x address).
    request_id: negRiskRequestID, "" outside negative-risk events. fair: first probability, micros.
    implied_by: slug of a market of another event that cannot be YES unless this one is, or "".
    listed: whether the metadata shows it at all; on chain it exists either way.
    version, position_ids: "v2" and two ids for the second protocol, else "v1" and ().
    """

    market: Market
    number: int
    slug: str
    label: str
    labels: tuple[str, str]
    rules: str
    oracle: str
    request_id: str
    fair: Price
    implied_by: str = ""
    listed: bool = True
    version: str = "v1"
    position_ids: tuple[str, ...] = ()

    @property
    def quoted(self) -> bool:
        """Return whether background traders make this market."""
        return self.market.accepting_orders and self.version == "v1"

    @property
    def other(self) -> bool:
        """Return whether this is the outcome that stands for everybody not named."""
        return self.label == OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedEvent:
    """An event with every question that it has on chain, in index order.

    category, fee_type: as the metadata names them; fee_type is "" where no fee is charged.
    rebate_micros: the makers' share of the fees. life_ms: from the start to the resolution by the
    flow, None where the flow leaves the event open.
    """

    event: Event
    kind: Kind
    category: str
    fee_type: str
    rebate_micros: int
    questions: tuple[Listing, ...]
    life_ms: int | None = None

    @property
    def listed(self) -> tuple[Listing, ...]:
        """Return what the metadata shows: `event.markets` in the same order."""
        return tuple(q for q in self.questions if q.listed)

    @property
    def quoted(self) -> tuple[Listing, ...]:
        """Return the questions whose books are kept alive."""
        return tuple(q for q in self.questions if q.quoted)

    @property
    def narrowest_first(self) -> tuple[Listing, ...]:
        """Return the questions so that, where they are nested, each implies the next."""
        return tuple(sorted(self.questions, key=lambda q: q.fair))

    def sim_markets(self) -> tuple[SimMarket, ...]:
        """Return every question for the exchange, unlisted and placeholder ones too."""
        return tuple(
            SimMarket(
                market=q.market,
                event_id=self.event.event_id,
                neg_risk_market_id=self.event.neg_risk_market_id,
                fee_bips=self.event.fee_bips,
            )
            for q in self.questions
            if q.version == "v1"
        )


@dataclass(frozen=True, slots=True)
class World:
    """Everything listed from the start. start_ns: Unix time that end times count from."""

    events: tuple[ListedEvent, ...]
    start_ns: int

    def listings(self) -> Iterator[Listing]:
        """Yield every question of every event, in listing order."""
        for event in self.events:
            yield from event.questions


def build_world(now_ns: int) -> World:
    """Return the universe as listed at `now_ns`. Takes about 20 ms: keep it."""
    return World(
        events=tuple(
            _list_event(template, number, now_ns, now_ns + _life_s(template) * _SECOND_NS)
            for number, template in enumerate((*TEMPLATES, *RELATED), 1)
        ),
        start_ns=now_ns,
    )


def rolling_event(serial: int, *, now_ns: int, end_ns: int) -> ListedEvent:
    """Return the short-lived event `serial` (0..), to be resolved at `end_ns`.

    All but its times depends on the serial alone. Nobody may win it, and no reviewed entry says
    otherwise.
    """
    return _list_event(rolling(serial), ROLLING_FROM + serial, now_ns, end_ns)


def describe(world: World) -> str:
    """Return one line per event: slug, kind, questions quoted, listed and on chain, tick, fee."""
    return "\n".join(_describe(event) for event in world.events)


def _describe(listed: ListedEvent) -> str:
    market = listed.questions[0].market
    counts = f"{len(listed.quoted)} quoted of {len(listed.listed)} listed"
    return (
        f"{listed.event.slug}: {listed.kind.value}, {counts}, {len(listed.questions)} on chain, "
        f"tick {format_decimal(market.tick_size)}, fee {format_decimal(market.fee.rate_micros)}"
    )


def _list_event(template: Template, number: int, now_ns: int, end_ns: int) -> ListedEvent:
    grouped = template.kind in _GROUPED
    group_id = _group_id(template.slug) if grouped else ""
    questions = tuple(_questions(template, number, group_id, now_ns))
    event = Event(
        event_id=str(number),
        slug=template.slug,
        title=template.title,
        rules=template.rules,
        neg_risk=grouped,
        augmented=template.kind is Kind.AUGMENTED,
        neg_risk_market_id=group_id,
        markets=tuple(q.market for q in questions if q.listed),
        question_count=len(questions) if grouped else None,
        end_time_ns=end_ns,
    )
    fee = template.category
    return ListedEvent(
        event=event,
        kind=template.kind,
        category=fee.name,
        fee_type=f"{fee.name.lower()}_fees_v2" if fee.rate_micros else "",
        rebate_micros=fee.rebate_micros,
        questions=questions,
        life_ms=template.seconds * 1_000 or None,
    )


def _life_s(template: Template) -> int:
    return template.seconds or template.days * _DAY_S


@dataclass(frozen=True, slots=True)
class _Seat:
    """One outcome of a template: where it stands and what may be done with it."""

    label: str
    fair: int
    named: bool = True
    listed: bool = True


def _seats(template: Template) -> Iterator[_Seat]:
    for label, fair in template.outcomes:
        yield _Seat(label, fair)
    for letter, fair in zip("ABCDEFGH", template.unnamed, strict=False):
        yield _Seat(f"Person {letter}", fair, named=False)
    for place, fair in enumerate(template.unlisted, 1):
        yield _Seat(f"Club {place}", fair, listed=False)


def _questions(template: Template, number: int, group_id: str, now_ns: int) -> Iterator[Listing]:
    for index, seat in enumerate(_seats(template)):
        slug = _market_slug(template, seat, index)
        question_id = _question_id(slug, group_id, index)
        market = _market(template, seat, slug=slug, question_id=question_id, now_ns=now_ns)
        second = template.kind is Kind.SECOND_PROTOCOL
        yield Listing(
            market=market,
            number=number * 1_000 + index,
            slug=slug,
            label=seat.label,
            labels=template.labels,
            rules=_rules(template, seat),
            oracle=NEG_RISK_ORACLE if group_id else UMA_ADAPTER,
            request_id="0x" + keccak(f"request {market.question_id}".encode()).hex()
            if group_id
            else "",
            fair=Price(seat.fair),
            implied_by=template.implied_by,
            listed=seat.listed,
            version="v2" if second else "v1",
            position_ids=(market.yes_token, market.no_token) if second else (),
        )


def _market_slug(template: Template, seat: _Seat, index: int) -> str:
    """Return a market's slug: after its outcome, its place in its event, or its event."""
    if template.market_slug:
        return template.market_slug.format(seat.label.lower().replace(" ", "-").replace(":", "-"))
    return f"{template.slug}-{index}" if template.kind in _GROUPED else template.slug


def _rules(template: Template, seat: _Seat) -> str:
    return (template.market_rules or template.rules).format(seat.label)


def _market(template: Template, seat: _Seat, *, slug: str, question_id: str, now_ns: int) -> Market:
    grouped = template.kind in _GROUPED
    condition = condition_id(
        oracle=NEG_RISK_ORACLE if grouped else UMA_ADAPTER, question_id=question_id
    )
    yes_token, no_token = (
        _second_protocol_tokens(condition)
        if template.kind is Kind.SECOND_PROTOCOL
        else outcome_tokens(condition, neg_risk=grouped)
    )
    return Market(
        condition_id=condition,
        question_id=question_id,
        title=template.question.format(seat.label),
        yes_token=yes_token,
        no_token=no_token,
        tick_size=Price(template.tick_size),
        min_order_size=MIN_ORDER_SIZE,
        fee=FeeSchedule(rate_micros=template.category.rate_micros),
        fee_read_time_ns=now_ns,
        neg_risk=grouped,
        accepting_orders=seat.named and seat.listed and template.kind is not Kind.PAUSED,
        placeholder=not seat.named,
        taker_delay_ms=template.taker_delay_ms,
        slug=slug,
        rules_sha256=sha256(_rules(template, seat).encode()).hexdigest(),
    )


def _group_id(slug: str) -> str:
    """Return an event's on-chain id; the last byte is left free for the question's index."""
    return "0x" + keccak(f"event {slug}".encode())[:31].hex() + "00"


def _question_id(slug: str, group_id: str, index: int) -> str:
    if group_id:
        return neg_risk_question_id(group_id, index)
    return "0x" + keccak(f"question {slug}".encode()).hex()


def _second_protocol_tokens(condition: str) -> tuple[str, str]:
    """Return position ids with the 64 zero bits that mark the other protocol."""
    high = int(condition, 16) >> 104 << 104
    return str(high | 1), str(high | 2)
