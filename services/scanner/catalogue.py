"""Which markets are judged together, and under which logic. Pure."""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import yaml

from polyarb.core.errors import BadInput
from polyarb.core.logic import UNTIED, Logic
from polyarb.core.market import Event, Group, GroupKind, Market
from polyarb.venues.base import Skipped
from services.scanner.weaken import projected

SHIPPED_RELATIONS: Final = Path(__file__).with_name("relations.yaml")

_EVENT_KEYS: Final = {"slug", "must_have_winner", "rules_sha256", "reviewed", "note"}
_SHA256: Final = re.compile("[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A person read these rules and found that the event must have a winner."""

    slug: str
    rules_sha256: str


def read_document(path: Path) -> dict[str, object]:
    """Return a file of reviewed events and relations as YAML has it. Raises BadInput."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as e:
        raise BadInput("POLYARB_RELATIONS_FILE", f"cannot read {path}: {e}") from e
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise BadInput("POLYARB_RELATIONS_FILE", f"{path} must have the keys events, relations")
    refuse_unknown(document, {"events", "relations"}, "")
    return document


def refuse_unknown(mapping: Mapping[object, object], known: Collection[str], field: str) -> None:
    """Raise BadInput for the first key that nobody reads: a slip would change what is meant."""
    for key in mapping:
        if key not in known:
            name = f"{field}.{key}" if field else str(key)
            raise BadInput(name, f"unknown key; accepted: {', '.join(sorted(known))}")


def reviewed_events(entries: object) -> dict[str, Reviewed]:
    """Return the reviewed events of a document by slug. Raises BadInput naming the entry."""
    if entries is None:
        return {}
    if not isinstance(entries, list):
        raise BadInput("events", "must be a list of reviewed entries")
    reviewed = {}
    for index, entry in enumerate(entries):
        item = _reviewed(entry, f"events[{index}]")
        if item.slug in reviewed:
            raise BadInput(f"events[{index}].slug", f"{item.slug!r} is listed twice")
        reviewed[item.slug] = item
    return reviewed


def _reviewed(entry: object, field: str) -> Reviewed:
    if not isinstance(entry, dict):
        raise BadInput(field, "must be a mapping")
    refuse_unknown(entry, _EVENT_KEYS, field)
    slug = entry.get("slug")
    if not isinstance(slug, str) or not slug:
        raise BadInput(f"{field}.slug", "must be the event's slug")
    if entry.get("must_have_winner") is not True:
        raise BadInput(f"{field}.must_have_winner", "must be true; leave the entry out otherwise")
    return Reviewed(slug, rules_hash(entry.get("rules_sha256"), f"{field}.rules_sha256"))


def rules_hash(value: object, field: str) -> str:
    """Return the sha256 of a rules text, lowercase. Raises BadInput."""
    if not isinstance(value, str) or _SHA256.fullmatch(value) is None:
        raise BadInput(field, "must be the sha256 of the rules, 64 hex digits in quotes")
    return value.lower()


def groups(
    event: Event, reviewed: Mapping[str, Reviewed]
) -> tuple[tuple[Group, ...], tuple[Skipped, ...]]:
    """Return the groups that an event's tradable markets form, and what is left out and why."""
    tradable = tuple(m for m in event.markets if m.accepting_orders and not m.placeholder)
    skipped = tuple(
        Skipped(name=f"{event.slug}: {m.title}", reason=_why_not(m))
        for m in event.markets
        if m not in tradable
    )
    if not event.neg_risk:
        return tuple(_binary(event, m) for m in tradable), skipped
    if len(tradable) < 2:
        return tuple(_binary(event, m) for m in tradable), skipped
    doubt = _doubt(event, tradable, reviewed.get(event.slug))
    kind = GroupKind.AT_MOST_ONE if doubt else GroupKind.EXACTLY_ONE
    reason = doubt or f"all {event.question_count} questions listed; rules reviewed"
    return (_group(event, tradable, kind, reason),), skipped


def _why_not(market: Market) -> str:
    return "placeholder outcome" if market.placeholder else "not accepting orders"


def _doubt(event: Event, tradable: Sequence[Market], review: Reviewed | None) -> str:
    """Return why the listed outcomes may not exhaust the event, "" when they are proved to.

    They are when every question that the chain has of it, by number, is there to be traded.
    """
    if event.augmented:
        return "augmented: outcomes may be added"
    if fault := _uncounted(event.question_count, tradable):
        return fault
    if review is None:
        return "no review says that there must be a winner"
    if hashlib.sha256(event.rules.encode()).hexdigest() != review.rules_sha256:
        return "the rules changed since they were reviewed"
    return ""


def _uncounted(question_count: int | None, tradable: Sequence[Market]) -> str:
    """Return which questions on chain cannot be traded, "" where all can."""
    if question_count is None:
        return "the number of questions on chain is unknown"
    if question_count != len(tradable):
        return f"{len(tradable)} of {question_count} questions tradable"
    missing = set(range(question_count)).difference(m.question_index for m in tradable)
    return f"question {min(missing)} of {question_count} is not listed" if missing else ""


def _binary(event: Event, market: Market) -> Group:
    group = _group(event, (market,), GroupKind.BINARY, "a single market")
    return replace(group, title=market.title, neg_risk_market_id="")


def _group(event: Event, markets: tuple[Market, ...], kind: GroupKind, reason: str) -> Group:
    return Group(
        event_id=event.event_id,
        slug=event.slug,
        title=event.title,
        kind=kind,
        markets=tuple(sorted(markets, key=lambda m: m.question_id)),
        reason=reason,
        neg_risk_market_id=event.neg_risk_market_id if event.neg_risk else "",
        fee_bips=event.fee_bips,
        question_count=event.question_count,
        end_time_ns=event.end_time_ns,
    )


def narrowed(group: Group, usable: Iterable[str]) -> Group | None:
    """Return the group with only the markets whose condition ids are usable, None for no tie left.

    With a market missing nothing is exhaustive any more; that at most one wins still holds, and so
    does every implication between markets that are left, also one through a missing market.
    """
    wanted = frozenset(usable)
    places = tuple(i for i, m in enumerate(group.markets) if m.condition_id in wanted)
    if len(places) == len(group.markets):
        return group
    if len(places) < 2:
        return None
    kind, logic = _narrowed_logic(group, places)
    if kind is GroupKind.GENERAL and logic == UNTIED:
        return None
    reason = f"{group.reason}; {len(places)} of {len(group.markets)} books usable"
    markets = tuple(group.markets[i] for i in places)
    return replace(group, kind=kind, logic=logic, markets=markets, reason=reason)


def _narrowed_logic(group: Group, places: tuple[int, ...]) -> tuple[GroupKind, Logic]:
    match group.kind:
        case GroupKind.LADDER:
            return GroupKind.LADDER, UNTIED
        case GroupKind.GENERAL:
            return GroupKind.GENERAL, projected(group.logic, places)
        case _:
            return GroupKind.AT_MOST_ONE, UNTIED
