"""Gamma's listing: events and markets, what may be traded of them, and why the rest may not.

Source: https://docs.polymarket.com (2026-08-22) and recorded pages of 2026-02 to 2026-07.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Final

import msgspec

from polyarb.core.errors import BadInput
from polyarb.core.fees import FREE, HIGHEST_KNOWN, FeeSchedule
from polyarb.core.market import Event, Market
from polyarb.core.money import MICROS, parse_micros
from polyarb.venues.base import Skipped
from polyarb.venues.polymarket import parse, tokens

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BIPS: Final = 10_000
_PLACEHOLDER: Final = re.compile(r"other|\w+ [a-z]{1,2}", re.IGNORECASE)
"""Names of unnamed outcomes: "Person A", "Team AB", and what is left over: "Other"."""


class _Fee(msgspec.Struct):
    rate: msgspec.Raw = parse.ABSENT
    exponent: msgspec.Raw = parse.ABSENT
    takerOnly: bool | None = None  # noqa: N815 - the venue's name


class _Market(
    msgspec.Struct,
    rename={
        "condition_id": "conditionId",
        "question_id": "questionID",
        "token_ids": "clobTokenIds",
        "enable_order_book": "enableOrderBook",
        "accepting_orders": "acceptingOrders",
        "tick_size": "orderPriceMinTickSize",
        "min_size": "orderMinSize",
        "neg_risk": "negRisk",
        "neg_risk_market_id": "negRiskMarketID",
        "neg_risk_other": "negRiskOther",
        "group_title": "groupItemTitle",
        "fees_enabled": "feesEnabled",
        "fee_schedule": "feeSchedule",
        "seconds_delay": "secondsDelay",
    },
):
    """What we read of a market. Fields with a default are missing from real pages."""

    condition_id: str
    question: str
    active: bool
    closed: bool
    slug: str | None = None
    description: str | None = None
    token_ids: msgspec.Raw = parse.ABSENT
    outcomes: msgspec.Raw = parse.ABSENT
    question_id: str | None = None
    enable_order_book: bool | None = None
    accepting_orders: bool | None = None
    archived: bool | None = None
    version: str | None = None
    tick_size: msgspec.Raw = parse.ABSENT
    min_size: msgspec.Raw = parse.ABSENT
    neg_risk: bool | None = None
    neg_risk_market_id: str | None = None
    neg_risk_other: bool | None = None
    group_title: str | None = None
    fees_enabled: bool | None = None
    fee_schedule: _Fee | None = None
    seconds_delay: msgspec.Raw = parse.ABSENT


class _Event(
    msgspec.Struct,
    rename={
        "end_date": "endDate",
        "neg_risk": "negRisk",
        "neg_risk_augmented": "negRiskAugmented",
        "neg_risk_market_id": "negRiskMarketID",
        "neg_risk_fee_bips": "negRiskFeeBips",
    },
):
    id: str | int
    slug: str
    title: str
    active: bool
    closed: bool
    markets: list[msgspec.Raw]
    description: str | None = None
    archived: bool | None = None
    end_date: str | None = None
    neg_risk: bool | None = None
    neg_risk_augmented: bool | None = None
    neg_risk_market_id: str | None = None
    neg_risk_fee_bips: msgspec.Raw = parse.ABSENT


class _Page(msgspec.Struct):
    events: list[msgspec.Raw]
    next_cursor: str | None = None


class _Name(msgspec.Struct, rename={"condition_id": "conditionId"}):
    slug: str = ""
    condition_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GammaPage:
    """One page of raw event objects. next_cursor: "" on the last page."""

    events: tuple[bytes, ...]
    next_cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedEvent:
    """What one listed event gives: none or several of ours, and what was left out and why.

    A listed event that mixes binary markets with a negative-risk group becomes two: they have
    different logic and different collateral.
    """

    events: tuple[Event, ...]
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """A market and the negative-risk event that it belongs to, "" for none."""

    market: Market
    neg_risk_market_id: str


_EVENT: Final = msgspec.json.Decoder(_Event)
_MARKET: Final = msgspec.json.Decoder(_Market)
_PAGE: Final = msgspec.json.Decoder(_Page)
_NAME: Final = msgspec.json.Decoder(_Name)


def parse_page(body: bytes) -> GammaPage:
    """Return one page of /events/keyset. Raises BadInput; a single bad event does not."""
    page = parse.decode(_PAGE, body, "page")
    return GammaPage(
        events=tuple(bytes(event) for event in page.events), next_cursor=page.next_cursor or ""
    )


def parse_event(raw: bytes, *, read_time_ns: int) -> ParsedEvent:
    """Return what may be used of one Gamma event object, and what was left out and why.

    Closed or paused markets stay in the event with `accepting_orders` false, so that nobody takes
    the open ones for all there are. `read_time_ns` dates the fee schedules. Never raises for
    content: what is not understood is skipped with a reason.
    """
    try:
        event = _open_event(raw)
        end_time_ns = _time_ns(event.end_date) if event.end_date else None
        fee_bips = _fee_bips(event.neg_risk_fee_bips)
    except BadInput as error:
        return ParsedEvent(events=(), skipped=(Skipped(name=_name(raw), reason=str(error)),))
    listed, skipped = _markets(event, read_time_ns)
    events = []
    for group_id, markets in _by_group(listed).items():
        found = Event(
            event_id=_event_id(event, group_id, listed),
            slug=event.slug,
            title=event.title,
            rules=event.description or "",
            neg_risk=group_id != "",
            # Where the listing does not say, more outcomes may come.
            augmented=group_id != "" and event.neg_risk_augmented is not False,
            neg_risk_market_id=group_id,
            markets=markets,
            fee_bips=fee_bips,
            end_time_ns=end_time_ns,
        )
        if any(m.accepting_orders and not m.placeholder for m in markets):
            events.append(found)
        else:
            skipped.append(Skipped(name=event.slug, reason="no market of it accepts orders"))
    if not listed:
        skipped.append(Skipped(name=event.slug, reason="no market of it can be used"))
    return ParsedEvent(events=tuple(events), skipped=tuple(skipped))


def _open_event(raw: bytes) -> _Event:
    event = parse.decode(_EVENT, raw, "event")
    if not event.active or event.closed or event.archived:
        raise BadInput("event", "is not active, or closed or archived")
    return event


def _markets(event: _Event, read_time_ns: int) -> tuple[list[_Listed], list[Skipped]]:
    listed: dict[str, _Listed] = {}
    skipped: list[Skipped] = []
    for raw in event.markets:
        try:
            found = _market(parse.decode(_MARKET, raw, "market"), event, read_time_ns)
            _add(found, listed)
        except BadInput as error:
            skipped.append(Skipped(name=_name(bytes(raw)), reason=str(error)))
    return list(listed.values()), skipped


def _add(found: _Listed, listed: dict[str, _Listed]) -> None:
    if listed.setdefault(found.market.condition_id, found) is not found:
        raise BadInput("conditionId", "listed twice in one event")


def _by_group(listed: list[_Listed]) -> dict[str, tuple[Market, ...]]:
    """Return the markets by negative-risk event, each in question order; "" are the binary ones."""
    groups: dict[str, list[Market]] = {}
    for item in listed:
        groups.setdefault(item.neg_risk_market_id, []).append(item.market)
    for group_id, markets in groups.items():
        if group_id:
            markets.sort(key=lambda market: market.question_index)
    return {group_id: tuple(markets) for group_id, markets in groups.items()}


def _event_id(event: _Event, group_id: str, listed: list[_Listed]) -> str:
    """Return the listing's id; with the group's appended where the listing mixes groups."""
    mixed = any(item.neg_risk_market_id != group_id for item in listed)
    return f"{event.id}:{group_id}" if group_id and mixed else str(event.id)


def _market(market: _Market, event: _Event, read_time_ns: int) -> _Listed:
    """Return a market. Raises BadInput for one that must not be used."""
    if market.version == "v2":
        raise BadInput("version", "is v2: another protocol, which is not traded here")
    if not market.enable_order_book:
        raise BadInput("enableOrderBook", "is not true: there is no order book")
    if market.accepting_orders is None:
        raise BadInput("acceptingOrders", "missing")
    condition_id = parse.condition_id(market.condition_id, "conditionId")
    question_id = parse.condition_id(market.question_id or "", "questionID")
    group_id = _neg_risk_market_id(market, event, question_id)
    yes_token, no_token = _token_ids(market, condition_id, question_id, neg_risk=group_id != "")
    title = market.group_title or ""
    return _Listed(
        neg_risk_market_id=group_id,
        market=Market(
            condition_id=condition_id,
            question_id=question_id,
            title=market.question,
            yes_token=yes_token,
            no_token=no_token,
            tick_size=parse.tick_size(
                parse.number_text(market.tick_size, "orderPriceMinTickSize"),
                "orderPriceMinTickSize",
            ),
            min_order_size=parse.size(
                parse.number_text(market.min_size, "orderMinSize"), "orderMinSize"
            ),
            fee=_fee(market),
            fee_read_time_ns=read_time_ns,
            neg_risk=group_id != "",
            accepting_orders=(
                market.accepting_orders
                and market.active
                and not market.closed
                and not market.archived
            ),
            placeholder=market.neg_risk_other is True
            or (event.neg_risk_augmented is True and _is_placeholder(title)),
            taker_delay_ms=_delay_ms(market.seconds_delay),
            slug=market.slug or "",
            rules_sha256=_rules_sha256(market.description or ""),
        ),
    )


def _rules_sha256(rules: str) -> str:
    """Return the hash that a reviewed relation is bound to, "" where there are no rules to read."""
    return sha256(rules.encode()).hexdigest() if rules else ""


def _is_placeholder(title: str) -> bool:
    """Return whether an augmented event's outcome has no name yet; no title is no name."""
    return not title.strip() or _PLACEHOLDER.fullmatch(title.strip()) is not None


def _neg_risk_market_id(market: _Market, event: _Event, question_id: str) -> str:
    """Return the negative-risk event's id, "" for a binary market. Raises BadInput.

    Old binary markets leave negRisk out; the check of the token ids proves either reading.
    """
    neg_risk = bool(market.neg_risk_market_id) if market.neg_risk is None else market.neg_risk
    if not neg_risk:
        return ""
    named = market.neg_risk_market_id or event.neg_risk_market_id or ""
    group_id = parse.condition_id(named, "negRiskMarketID")
    if group_id[:-2] != question_id[:-2] or group_id[-2:] != "00":
        raise BadInput("questionID", "does not belong to negRiskMarketID")
    return group_id


def _token_ids(
    market: _Market, condition_id: str, question_id: str, *, neg_risk: bool
) -> tuple[str, str]:
    """Return the YES and NO token ids once they are proved to be this condition's."""
    if len(parse.string_list(market.outcomes, "outcomes")) != 2:
        raise BadInput("outcomes", "expected two")
    listed = tuple(parse.string_list(market.token_ids, "clobTokenIds"))
    if len(listed) != 2:
        raise BadInput("clobTokenIds", f"expected two, got {len(listed)}")
    if neg_risk and condition_id != _neg_risk_condition(question_id):
        raise BadInput("conditionId", "is not the one that follows from questionID")
    if listed != _derived_tokens(condition_id, neg_risk=neg_risk):
        raise BadInput("clobTokenIds", "are not the ones that follow from conditionId")
    return listed[0], listed[1]


# Two square roots of 254 bits each: 0.4 ms a market, so a refresh must not repeat them.
@lru_cache(maxsize=65_536)
def _derived_tokens(condition_id: str, *, neg_risk: bool) -> tuple[str, str]:
    return tokens.outcome_tokens(condition_id, neg_risk=neg_risk)


def _neg_risk_condition(question_id: str) -> str:
    return tokens.condition_id(oracle=tokens.NEG_RISK_ORACLE, question_id=question_id)


def _fee(market: _Market) -> FeeSchedule:
    """Return the fee schedule; the highest known one where the fields are absent or disagree.

    Raises BadInput for a schedule that our formula does not cover: another exponent, or fees that
    makers pay as well.
    """
    listed = market.fee_schedule
    if market.fees_enabled is False and listed is None:
        return FREE
    if listed is None or parse.is_absent(listed.rate) or parse.is_absent(listed.exponent):
        return HIGHEST_KNOWN
    rate = parse.size(parse.number_text(listed.rate, "feeSchedule.rate"), "feeSchedule.rate")
    if rate > MICROS:
        raise BadInput("feeSchedule.rate", "is above 1")
    if market.fees_enabled is False:
        return FREE if rate == 0 else HIGHEST_KNOWN
    if _exact(listed.exponent, "feeSchedule.exponent") != MICROS:
        raise BadInput("feeSchedule.exponent", "is not 1")
    if listed.takerOnly is False:
        raise BadInput("feeSchedule.takerOnly", "is false: makers pay too")
    if market.fees_enabled is None or listed.takerOnly is None:
        return HIGHEST_KNOWN
    return FeeSchedule(rate_micros=rate)


def _delay_ms(raw: msgspec.Raw) -> int:
    if parse.is_absent(raw):
        return 0
    seconds = parse.size(parse.number_text(raw, "secondsDelay"), "secondsDelay")
    return -(-seconds // 1_000)


def _fee_bips(raw: msgspec.Raw) -> int:
    if parse.is_absent(raw):
        return 0
    bips, rest = divmod(_exact(raw, "negRiskFeeBips"), MICROS)
    if rest or not 0 <= bips <= _BIPS:
        raise BadInput("negRiskFeeBips", "expected a whole number from 0 to 10,000")
    return bips


def _exact(raw: msgspec.Raw, field: str) -> int:
    text = parse.number_text(raw, field)
    try:
        return parse_micros(text)
    except ValueError as error:
        raise BadInput(field, str(error)) from None


def _time_ns(text: str) -> int:
    """Return an ISO time as Unix nanoseconds; one without a zone is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput("endDate", f"not a time: {text[:40]!r}") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000


def _name(raw: bytes) -> str:
    """Return what to call a listed object that may not even be readable."""
    try:
        found = _NAME.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "unreadable"
    return found.slug or found.condition_id or "unnamed"
