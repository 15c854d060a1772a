"""Proposals out of recorded listings: how many, and that they are right."""

import gzip
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

from polyarb.core.market import Event
from polyarb.venues.polymarket.parse_gamma import parse_event
from services.scanner.propose import propose
from services.scanner.relations import RelationKind
from unit.services.scanner.quotes import make_event
from unit.services.scanner.titles import hashed, listed, ns, titled


def load(path: Path) -> Any:
    return json.loads(gzip.decompress(path.read_bytes()))


def listed_by_gamma(recordings: Path) -> list[Event]:
    events: dict[str, dict[str, Any]] = {}
    for market in load(recordings / "wom/gamma_markets_2026-02-13T0002Z.json.gz"):
        event = market["events"][0]
        events.setdefault(event["id"], {**event, "markets": []})["markets"].append(market)
    raw = (json.dumps(event).encode() for event in events.values())
    return [e for event in raw for e in parse_event(event, read_time_ns=0).events]


def test_recorded_page_of_gamma_has_two_candidates(recordings: Path) -> None:
    """Of 100 markets; both tie two events together, and both are right by their rules."""
    events = listed_by_gamma(recordings)

    found = propose(events)

    assert [[m.slug for m in c.relation.markets] for c in found] == [
        [
            "will-elon-cut-the-budget-by-at-least-10-in-2025",
            "will-elon-cut-the-budget-by-at-least-5-in-2025",
        ],
        [
            "will-trump-deport-2000000-or-more-people",
            "will-trump-deport-750000-or-more-people-in-2025",
        ],
    ]


def test_recorded_page_of_the_order_book_has_three_candidates(recordings: Path) -> None:
    """Strikes below and above zero, and dates; none of the exact numbers of basis points."""
    path = recordings / "nautilus/py_resources/http_responses/markets.json.gz"
    events = [
        listed(
            raw["question"],
            end=raw["end_date_iso"][:10] if raw["end_date_iso"] else None,
            event_id=f"{raw['condition_id']}-{number}",
        )
        for number, raw in enumerate(load(path)["data"])
    ]

    assert [c.titles for c in propose(events)] == [
        tuple(
            f"Will U.S. inflation be greater than {p}% from November to December 2022?"
            for p in ("0.0", "-0.1", "-0.2", "-0.3")
        ),
        tuple(
            f"Will U.S. inflation be more than {p}% from October to November 2022?"
            for p in ("0.4", "0.3", "0.2", "0.1")
        ),
        (
            "Will the Ethereum Merge (EIP-3675) occur by September 1, 2022?",
            "Will the Ethereum Merge (EIP-3675) occur by October 1, 2022?",
        ),
    ]


def listed_in_2026_05(recordings: Path) -> list[Event]:
    """Return 150 events by their recorded titles; exclusive ones as negative-risk."""
    lines = gzip.decompress(
        (recordings / "dominikkrasovec/xplat_equivalence_seed.jsonl.gz").read_bytes()
    ).splitlines()
    sides = (json.loads(line)[side] for line in lines for side in ("side_a", "side_b"))
    unique = {s["platform_event_id"]: s for s in sides if s["platform"] == "polymarket"}
    return [_recorded(side) for side in unique.values()]


def _recorded(side: dict[str, Any]) -> Event:
    neg_risk = side["grouping_type"] == "categorical_exclusive"
    markets = tuple(
        titled(
            child["title"],
            condition_id=child["platform_id"],
            slug=child["platform_id"],
            neg_risk=neg_risk,
        )
        for child in side["child_markets"]
    )
    return make_event(
        *markets,
        event_id=side["platform_event_id"],
        title=side["title"],
        neg_risk=neg_risk,
        neg_risk_market_id=f"0x{hashed(side['platform_event_id'])[:62]}00" if neg_risk else "",
        end_time_ns=ns(side["deadline"]) if side["deadline"] else None,
    )


def test_recorded_titles_of_2026_05_have_no_exclusive_candidate(recordings: Path) -> None:
    """Of 526 markets; all 52 were read by a person and are nested by their titles."""
    events = listed_in_2026_05(recordings)
    kind_of = {m.slug: e for e in events for m in e.markets}

    found = propose(events)

    assert (len(events), sum(len(e.markets) for e in events)) == (150, 526)
    assert [c.relation.kind for c in found].count(RelationKind.LADDER) == 51
    assert len(found) == 52
    assert not [
        (a.slug, b.slug)
        for c in found
        for a, b in pairwise(c.relation.markets)
        if kind_of[a.slug].neg_risk
    ]
    assert len({c.relation.name for c in found}) == 52
