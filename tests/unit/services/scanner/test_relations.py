"""Reviewed relations: what the file may say."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from polyarb.core.errors import BadInput
from polyarb.core.market import Outcome
from services.scanner.catalogue import SHIPPED_RELATIONS
from services.scanner.relations import (
    MARKETS_MAX,
    RelatedMarket,
    Relation,
    RelationKind,
    Status,
    load,
    parse_relations,
)

HASH = "0" * 63 + "a"
DAY = date(2026, 11, 22)


def market(slug: str, **changes: Any) -> dict[str, Any]:
    return {"slug": slug, "rules_sha256": HASH, **changes}


def entry(**changes: Any) -> dict[str, Any]:
    given = {
        "name": "bridge-dates",
        "kind": "ladder",
        "status": "reviewed",
        "reviewed": DAY,
        "note": "Same register, same clock.",
        "markets": [market("by-march"), market("by-june"), market("by-december")],
        **changes,
    }
    return {key: value for key, value in given.items() if value is not None}


def test_entry_is_read_with_its_markets_in_order(tmp_path: Path) -> None:
    """Narrowest first, as the file has them, beside the events."""
    path = tmp_path / "relations.yaml"
    path.write_text(yaml.safe_dump({"events": [], "relations": [entry()]}))

    found = load(path)

    assert found.events == {}
    assert found.relations == (
        Relation(
            name="bridge-dates",
            kind=RelationKind.LADDER,
            markets=tuple(RelatedMarket(s, HASH) for s in ("by-march", "by-june", "by-december")),
            status=Status.REVIEWED,
            reviewed=DAY,
            note="Same register, same clock.",
        ),
    )


def test_shipped_file_is_well_formed() -> None:
    """What is installed loads: three ladders and an implication, all of them reviewed."""
    found = load(SHIPPED_RELATIONS).relations

    assert sorted(relation.kind.value for relation in found) == ["implies", *["ladder"] * 3]
    assert {relation.status for relation in found} == {Status.REVIEWED}


@pytest.mark.parametrize("relations", [None, []])
def test_file_without_relations_has_none(relations: object) -> None:
    """The key may be left out or empty."""
    assert parse_relations(relations) == ()


def test_clause_names_an_outcome_of_each_market() -> None:
    """Also where YAML has read a bare YES or NO as a boolean."""
    text = f"""
    - name: one-of-them
      kind: clause
      status: proposed
      markets:
        - {{slug: a, rules_sha256: '{HASH}', outcome: NO}}
        - {{slug: b, rules_sha256: '{HASH}', outcome: 'YES'}}
    """

    (found,) = parse_relations(yaml.safe_load(text))

    assert [(m.slug, m.outcome) for m in found.markets] == [("a", Outcome.NO), ("b", Outcome.YES)]
    assert (found.status, found.reviewed) == (Status.PROPOSED, None)


MANY = [market(f"m{i}") for i in range(MARKETS_MAX + 1)]
BAD: list[tuple[object, str, str]] = [
    (7, "relations", "must be a list"),
    ([7], "relations[0]", "must be a mapping"),
    ([entry(names="x")], "relations[0].names", "accepted: kind, markets, name, note, reviewed"),
    ([entry(name=None)], "relations[0].name", "lowercase letters"),
    ([entry(name="Über")], "relations[0].name", "lowercase letters"),
    ([entry(name="x" * 101)], "relations[0].name", "1 to 100"),
    ([entry(), entry()], "relations[1].name", "'bridge-dates' is listed twice"),
    ([entry(kind="nested")], "relations[0].kind", "ladder, implies, equivalent, excludes"),
    ([entry(kind=None)], "relations[0].kind", "must be one of"),
    ([entry(status="active")], "relations[0].status", "reviewed, proposed"),
    ([entry(status=None)], "relations[0].status", "reviewed, proposed"),
    ([entry(reviewed=None)], "relations[0].reviewed", "date of the review"),
    ([entry(reviewed="yesterday")], "relations[0].reviewed", "date of the review"),
    ([entry(status="proposed")], "relations[0].reviewed", "left out while the status is proposed"),
    ([entry(note=["x"])], "relations[0].note", "must be text"),
    ([entry(markets=None)], "relations[0].markets", "2 to 120 markets for the kind ladder"),
    ([entry(markets=[market("a")])], "relations[0].markets", "2 to 120"),
    ([entry(markets=MANY)], "relations[0].markets", "2 to 120"),
    ([entry(kind="implies")], "relations[0].markets", "a list of 2 markets for the kind implies"),
    ([entry(markets=["a", "b"])], "relations[0].markets[0]", "must be a mapping"),
    (
        [entry(markets=[market("a"), market("a")])],
        "relations[0].markets[1].slug",
        "'a' is listed twice",
    ),
    ([entry(markets=[market(""), market("a")])], "relations[0].markets[0].slug", "market's slug"),
    (
        [entry(markets=[market("a"), market("b", rules_sha256="12")])],
        "relations[0].markets[1].rules_sha256",
        "64 hex digits",
    ),
    (
        [entry(markets=[market("a", outcome="YES"), market("b")])],
        "relations[0].markets[0].outcome",
        "accepted: rules_sha256, slug",
    ),
    (
        [entry(kind="clause", markets=[market("a"), market("b", outcome="NO")])],
        "relations[0].markets[0].outcome",
        "YES, NO",
    ),
]


@pytest.mark.parametrize(("entries", "field", "accepted"), BAD)
def test_malformed_entry_is_refused_by_field_with_what_is_accepted(
    entries: object, field: str, accepted: str
) -> None:
    """A slip is never read as something else."""
    with pytest.raises(BadInput) as caught:
        parse_relations(entries)

    assert caught.value.field == field
    assert accepted in caught.value.reason
