"""Proposed relations in pages."""

import pytest

from polyarb.core.errors import BadInput
from polyarb.v1 import scanner_service_pb2 as pb
from services.scanner.pages import PAGE_BYTES_MAX, page
from services.scanner.propose import Candidate
from services.scanner.relations import RelatedMarket, Relation, RelationKind, Status


def candidate(
    name: str, *, markets: int = 2, kind: RelationKind = RelationKind.LADDER
) -> Candidate:
    relation = Relation(
        name=name,
        kind=kind,
        markets=tuple(RelatedMarket(f"{name}-{i}", "a" * 64) for i in range(markets)),
        status=Status.PROPOSED,
        note="Why.",
    )
    return Candidate(relation, tuple(f"Will {name} be above {i}?" for i in range(markets)))


def test_relation_is_sent_with_titles_and_hashes() -> None:
    """What a reviewer needs to find the texts."""
    (sent,) = page([candidate("a")], "").relations

    assert sent == pb.ProposedRelation(
        name="a",
        kind=pb.RELATION_KIND_LADDER,
        markets=[
            pb.ProposedMarket(slug=f"a-{i}", title=f"Will a be above {i}?", rules_sha256="a" * 64)
            for i in range(2)
        ],
        note="Why.",
    )


@pytest.mark.parametrize("kind", list(RelationKind))
def test_every_kind_has_its_own_value(kind: RelationKind) -> None:
    """And none of them is the unspecified one."""
    (sent,) = page([candidate("a", kind=kind)], "").relations

    assert pb.RelationKind.Name(sent.kind) == f"RELATION_KIND_{kind.name}"


def test_pages_end_where_all_was_sent_and_stay_small() -> None:
    """Nothing is sent twice, nothing is left out."""
    every = [candidate(f"c{n:03d}", markets=30) for n in range(100)]
    names: list[str] = []
    more = True

    while more:
        response = page(every, names[-1] if names else "")
        assert response.ByteSize() < 64 << 10
        names += [r.name for r in response.relations]
        more = response.more

    assert names == [c.relation.name for c in every]


def test_single_relation_is_always_sent() -> None:
    """The largest is smaller than an answer may be; a page is never empty while there is more."""
    response = page([candidate("a" * 90, markets=120), candidate("b")], "")

    assert [r.name for r in response.relations] == ["a" * 90, "b"]
    assert response.relations[0].ByteSize() < PAGE_BYTES_MAX


def test_nothing_follows_the_last() -> None:
    """An empty page without more ends the reading."""
    response = page([candidate("a")], "a")

    assert (list(response.relations), response.more) == ([], False)


def test_name_that_is_not_proposed_any_more_is_refused() -> None:
    """The listing changed between two pages."""
    with pytest.raises(BadInput, match="begin again"):
        page([candidate("a")], "b")


def test_long_title_is_cut() -> None:
    """So that an answer's size has a bound."""
    long = Candidate(candidate("a").relation, ("x" * 500, "y"))

    (sent,) = page([long], "").relations

    assert [len(m.title) for m in sent.markets] == [160, 1]
