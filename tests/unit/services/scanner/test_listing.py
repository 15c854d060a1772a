"""A listing read with what is reviewed: groups of events, and those that relations make."""

import hashlib
from dataclasses import replace
from datetime import date

import pytest

from polyarb.core.market import GroupKind
from services.scanner.listing import Listing, read
from services.scanner.relations import (
    Catalogue,
    RelatedMarket,
    Relation,
    RelationKind,
    Status,
)
from unit.services.scanner.quotes import make_event, make_market

RULES = hashlib.sha256(b"rules").hexdigest()
MARKETS = tuple(
    replace(make_market(i), slug=f"market-{i}", rules_sha256=RULES, neg_risk=False)
    for i in range(4)
)


@pytest.fixture
def listing() -> Listing:
    """Two events of two single markets; one of the first implies one of the second."""
    events = tuple(
        replace(
            make_event(*MARKETS[at : at + 2]),
            event_id=str(at),
            slug=f"event-{at}",
            neg_risk=False,
            neg_risk_market_id="",
        )
        for at in (0, 2)
    )
    relation = Relation(
        name="one-needs-two",
        kind=RelationKind.LADDER,
        markets=(RelatedMarket("market-1", RULES), RelatedMarket("market-2", RULES)),
        status=Status.REVIEWED,
        reviewed=date(2026, 11, 22),
    )
    return read(events, (), Catalogue({}, (relation,)))


def test_related_markets_are_a_group_beside_their_events(listing: Listing) -> None:
    """Each market is watched once, whatever it is judged with."""
    (related,) = listing.related.values()

    assert (related.kind, [m.slug for m in related.markets]) == (
        GroupKind.LADDER,
        ["market-1", "market-2"],
    )
    assert [m.slug for m, _ in listing.markets()] == [f"market-{i}" for i in range(4)]
    assert {"0", "2", related.event_id} == set(listing.ids)


def test_group_is_found_by_id_and_by_slug(listing: Listing) -> None:
    """People write slugs, services ids; what ties single markets to others comes first."""
    (related,) = listing.related.values()

    assert listing.of_id(related.event_id) == (related,)
    assert listing.named("event-2") == (related, *listing.of_id("2"))
    assert listing.named("nobody") == listing.of_id("event-2") == ()


def test_change_touches_what_can_have_a_verdict(listing: Listing) -> None:
    """Both ends of the relation together; a single market alone is never judged."""
    (related,) = listing.related.values()
    ids = [m.condition_id for m in MARKETS]

    assert list(listing.touched([ids[2], ids[1], ids[0]])) == [(related, [ids[1], ids[2]])]
    assert list(listing.touched([ids[0], ids[3]])) == []
