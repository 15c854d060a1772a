"""Reviewed relations between markets, as data: what the file says, checked key by key.

A relation names markets by slug, each with the hash of the rules text that the reviewer read.
`services.scanner.related` turns those that hold now into groups.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Final, TypeVar

from polyarb.core.errors import BadInput
from polyarb.core.market import Outcome
from services.scanner.catalogue import (
    Reviewed,
    read_document,
    refuse_unknown,
    reviewed_events,
    rules_hash,
)

MARKETS_MAX: Final = 120
"""Markets in one relation, and in one group of related markets."""

RELATIONS_MAX: Final = 10_000

_NAME: Final = re.compile("[a-z0-9][a-z0-9-]{0,99}")
_KEYS: Final = {"name", "kind", "status", "reviewed", "note", "markets"}

E = TypeVar("E", bound=Enum)


class RelationKind(Enum):
    """What a relation says of its markets, in their order.

    LADDER: each implies the next; the narrowest first. IMPLIES: the first implies the second.
    EQUIVALENT: all resolve alike. EXCLUDES: at most one resolves YES. EXHAUSTS: at least one does.
    CLAUSE: at least one of the named outcomes happens.
    """

    LADDER = "ladder"
    IMPLIES = "implies"
    EQUIVALENT = "equivalent"
    EXCLUDES = "excludes"
    EXHAUSTS = "exhausts"
    CLAUSE = "clause"


class Status(Enum):
    """Whether a person has read the rules. Nothing that is only proposed ever takes effect."""

    REVIEWED = "reviewed"
    PROPOSED = "proposed"


@dataclass(frozen=True, slots=True)
class RelatedMarket:
    """One market of a relation. rules_sha256: of the text that was read, 64 lowercase hex digits.

    outcome: the one that a clause names; YES in every other kind.
    """

    slug: str
    rules_sha256: str
    outcome: Outcome = Outcome.YES


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """One entry. name: unique, 1..100 of a-z, 0-9 and dashes. markets: 2..120, distinct.

    reviewed: the day of the review; None exactly where the status is PROPOSED.
    """

    name: str
    kind: RelationKind
    markets: tuple[RelatedMarket, ...]
    status: Status
    reviewed: date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All that is reviewed. events: by slug; relations: in the file's order."""

    events: Mapping[str, Reviewed]
    relations: tuple[Relation, ...] = ()


def load(path: Path) -> Catalogue:
    """Return what a file says of events and relations. Raises BadInput naming the field."""
    document = read_document(path)
    return Catalogue(
        events=reviewed_events(document.get("events")),
        relations=parse_relations(document.get("relations")),
    )


def parse_relations(entries: object) -> tuple[Relation, ...]:
    """Return the relations of a document's list. Raises BadInput naming the entry and the key."""
    if entries is None:
        return ()
    if not isinstance(entries, list) or len(entries) > RELATIONS_MAX:
        raise BadInput("relations", f"must be a list of at most {RELATIONS_MAX} relations")
    found: dict[str, Relation] = {}
    for index, entry in enumerate(entries):
        relation = _relation(entry, f"relations[{index}]")
        if relation.name in found:
            raise BadInput(f"relations[{index}].name", f"{relation.name!r} is listed twice")
        found[relation.name] = relation
    return tuple(found.values())


def _relation(entry: object, field: str) -> Relation:
    if not isinstance(entry, dict):
        raise BadInput(field, "must be a mapping")
    refuse_unknown(entry, _KEYS, field)
    kind = _choice(entry.get("kind"), RelationKind, f"{field}.kind")
    status = _choice(entry.get("status"), Status, f"{field}.status")
    return Relation(
        name=_name(entry.get("name"), f"{field}.name"),
        kind=kind,
        markets=_markets(entry.get("markets"), kind, f"{field}.markets"),
        status=status,
        reviewed=_reviewed_on(entry.get("reviewed"), status, f"{field}.reviewed"),
        note=_text(entry.get("note", ""), f"{field}.note"),
    )


def _name(value: object, field: str) -> str:
    if not isinstance(value, str) or _NAME.fullmatch(value) is None:
        raise BadInput(field, "must be 1 to 100 lowercase letters, digits and dashes")
    return value


def _choice(value: object, kind: type[E], field: str) -> E:
    accepted = {item.value: item for item in kind}
    if not isinstance(value, str) or value not in accepted:
        raise BadInput(field, f"must be one of: {', '.join(accepted)}")
    return accepted[value]


def _text(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise BadInput(field, "must be text")
    return value


def _reviewed_on(value: object, status: Status, field: str) -> date | None:
    if status is Status.PROPOSED:
        if value is not None:
            raise BadInput(field, "must be left out while the status is proposed")
        return None
    if not isinstance(value, date) or isinstance(value, datetime):
        raise BadInput(field, "must be the date of the review, such as 2026-11-22")
    return value


def _markets(value: object, kind: RelationKind, field: str) -> tuple[RelatedMarket, ...]:
    least, most = 2, 2 if kind is RelationKind.IMPLIES else MARKETS_MAX
    if not isinstance(value, list) or not least <= len(value) <= most:
        count = f"{least}" if least == most else f"{least} to {most}"
        raise BadInput(field, f"must be a list of {count} markets for the kind {kind.value}")
    found: dict[str, RelatedMarket] = {}
    for index, item in enumerate(value):
        market = _market(item, kind, f"{field}[{index}]")
        if market.slug in found:
            raise BadInput(f"{field}[{index}].slug", f"{market.slug!r} is listed twice")
        found[market.slug] = market
    return tuple(found.values())


def _market(item: object, kind: RelationKind, field: str) -> RelatedMarket:
    if not isinstance(item, dict):
        raise BadInput(field, "must be a mapping")
    known = {"slug", "rules_sha256"} | ({"outcome"} if kind is RelationKind.CLAUSE else set())
    refuse_unknown(item, known, field)
    slug = item.get("slug")
    if not isinstance(slug, str) or not slug:
        raise BadInput(f"{field}.slug", "must be the market's slug")
    return RelatedMarket(
        slug=slug,
        rules_sha256=rules_hash(item.get("rules_sha256"), f"{field}.rules_sha256"),
        outcome=(
            _outcome(item.get("outcome"), f"{field}.outcome")
            if kind is RelationKind.CLAUSE
            else Outcome.YES
        ),
    )


def _outcome(value: object, field: str) -> Outcome:
    # YAML 1.1 reads a bare YES or NO as a boolean, and that is what a person will write.
    if isinstance(value, bool):
        return Outcome.YES if value else Outcome.NO
    return _choice(value, Outcome, field)
