"""Proposed relations for people and for the relations file."""

from io import StringIO
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from polyarb.cli import propose
from polyarb.v1 import scanner_service_pb2 as pb
from services.scanner.relations import (
    RelatedMarket,
    Relation,
    RelationKind,
    Status,
    load,
    parse_relations,
)

HASH = "0" * 63 + "a"
HOSTILE = 'It "ends": # here\n- by\u2028then\x07 😀'


def proposed(name: str = "x-by-date", **changes: str) -> pb.ProposedRelation:
    return pb.ProposedRelation(
        name=name,
        kind=pb.RELATION_KIND_LADDER,
        markets=[
            pb.ProposedMarket(
                slug=changes.get("slug", f"x-by-{month}"),
                title=changes.get("title", f"Will X launch by {month}?"),
                rules_sha256=HASH,
            )
            for month in ("may", "june")
        ],
        note=changes.get("note", "The earlier is the narrower."),
    )


def drawn(relations: list[pb.ProposedRelation]) -> str:
    text = StringIO()
    propose.draw(Console(file=text, width=120), relations)
    return text.getvalue()


def test_file_is_one_that_the_scanner_reads(tmp_path: Path) -> None:
    """Narrowest first, proposed, with the hashes."""
    path = tmp_path / "proposed.yaml"

    propose.write(path, propose.as_yaml([proposed()]), force=False)

    assert load(path).relations == (
        Relation(
            name="x-by-date",
            kind=RelationKind.LADDER,
            markets=(RelatedMarket("x-by-may", HASH), RelatedMarket("x-by-june", HASH)),
            status=Status.PROPOSED,
            note="The earlier is the narrower.",
        ),
    )


def test_titles_stand_beside_the_slugs() -> None:
    """A reviewer sees what is meant."""
    assert '      # Will X launch by may?\n      - slug: "x-by-may"\n' in propose.as_yaml(
        [proposed()]
    )


def test_whatever_a_title_or_note_holds_stays_where_it_is() -> None:
    """Markets are named by anybody: a title must not become an entry."""
    text = propose.as_yaml([proposed(title=HOSTILE, note=HOSTILE)])

    (found,) = parse_relations(yaml.safe_load(text)["relations"])

    assert (found.note, len(found.markets)) == (HOSTILE, 2)


def test_file_without_candidates_is_valid() -> None:
    """An empty list, not nothing."""
    assert yaml.safe_load(propose.as_yaml([])) == {"relations": []}


def test_table_says_how_to_activate() -> None:
    """And that nothing is active yet."""
    text = drawn([proposed()])

    assert "Will X launch by may?" in text
    assert "Nothing of this is active" in text
    assert "POLYARB_RELATIONS_FILE" in text


def test_brackets_of_a_title_are_shown() -> None:
    """The venue writes "[Single Market]" into some; to the table that would be a style."""
    assert "[bold] Will X" in drawn([proposed(title="[bold] Will X launch?")])


def test_long_table_is_cut_and_says_so() -> None:
    """The file has them all."""
    assert "and 10 more" in drawn([proposed(f"n{i}") for i in range(60)])


def test_no_candidates_are_said() -> None:
    """Not an empty table."""
    assert drawn([]) == "No titles of listed markets suggest a relation.\n"


def test_file_is_replaced_only_by_force(tmp_path: Path) -> None:
    """Between the check and the writing somebody may have made one."""
    path = tmp_path / "proposed.yaml"
    path.write_text("mine")

    with pytest.raises(FileExistsError):
        propose.write(path, "new", force=False)

    assert path.read_text() == "mine"
    propose.write(path, "new", force=True)
    assert path.read_text() == "new"
