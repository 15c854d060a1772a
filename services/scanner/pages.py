"""Proposed relations in answers of bounded size. Pure."""

from collections.abc import Sequence
from typing import Final

from polyarb.core.errors import BadInput
from polyarb.v1 import scanner_service_pb2 as pb
from services.scanner.propose import Candidate
from services.scanner.relations import RelationKind

PAGE_BYTES_MAX: Final = 60_000
"""Below the 64 KiB of an answer; one relation is always sent."""

_TEXT_MAX: Final = 160

_KINDS: Final = {
    RelationKind.LADDER: pb.RELATION_KIND_LADDER,
    RelationKind.IMPLIES: pb.RELATION_KIND_IMPLIES,
    RelationKind.EQUIVALENT: pb.RELATION_KIND_EQUIVALENT,
    RelationKind.EXCLUDES: pb.RELATION_KIND_EXCLUDES,
    RelationKind.EXHAUSTS: pb.RELATION_KIND_EXHAUSTS,
    RelationKind.CLAUSE: pb.RELATION_KIND_CLAUSE,
}


def page(candidates: Sequence[Candidate], after: str) -> pb.ProposeRelationsResponse:
    """Return the candidates that follow the one named `after`, as many as fit.

    Raises BadInput where no candidate has that name.
    """
    names = [candidate.relation.name for candidate in candidates]
    if after and after not in names:
        raise BadInput("after", "no relation of this name is proposed any more; begin again")
    start = names.index(after) + 1 if after else 0
    response = pb.ProposeRelationsResponse()
    size = 0
    for candidate in candidates[start:]:
        proposed = proposed_to(candidate)
        size += proposed.ByteSize()
        if response.relations and size > PAGE_BYTES_MAX:
            response.more = True
            break
        response.relations.append(proposed)
    return response


def proposed_to(candidate: Candidate) -> pb.ProposedRelation:
    """Return a candidate as it is sent; titles are cut to 160 characters."""
    relation = candidate.relation
    return pb.ProposedRelation(
        name=relation.name,
        kind=_KINDS[relation.kind],
        markets=[
            pb.ProposedMarket(
                slug=market.slug, title=title[:_TEXT_MAX], rules_sha256=market.rules_sha256
            )
            for market, title in zip(relation.markets, candidate.titles, strict=True)
        ],
        note=relation.note,
    )
