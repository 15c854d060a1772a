"""`polyarb propose`: candidates for reviewed relations, as a table and as a file to review."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from polyarb.v1.scanner_service_pb2 import ProposedRelation, RelationKind

_SHOWN: Final = 50

_HEADER: Final = """\
# Proposed from titles alone; none of it takes effect. A title is not the rules.
# To activate one: read the rules of all its markets, copy the entry under `relations:` of the file
# that POLYARB_RELATIONS_FILE names, set `status: reviewed` and add `reviewed: <today>`.
# A hash that no longer fits the rules disables its relation.
relations:
"""

HOW_TO_ACTIVATE: Final = (
    "Nothing of this is active. To activate a relation, read the rules of all its markets, copy"
    " its entry to the file that POLYARB_RELATIONS_FILE names, set its status to reviewed and add"
    " the date as reviewed; then start the scanner again."
)


def kind_of(relation: ProposedRelation) -> str:
    """Return the kind as the relations file spells it."""
    return RelationKind.Name(relation.kind).removeprefix("RELATION_KIND_").lower()


def draw(console: Console, relations: Sequence[ProposedRelation]) -> None:
    """Show candidates, the first fifty of them, and how one becomes active."""
    if not relations:
        console.print("No titles of listed markets suggest a relation.")
        return
    left_out = len(relations) - _SHOWN
    more = f"and {left_out} more; --out FILE writes all" if left_out > 0 else None
    table = Table(title=f"Proposed relations: {len(relations)}", caption=more)
    table.add_column("kind", no_wrap=True)
    table.add_column("markets", justify="right")
    table.add_column("from (implies all below)")
    table.add_column("to")
    for relation in relations[:_SHOWN]:
        titles = [escape(_plain(market.title)) for market in relation.markets]
        table.add_row(kind_of(relation), str(len(titles)), titles[0], titles[-1])
    console.print(table)
    console.print(HOW_TO_ACTIVATE, soft_wrap=True)


def as_yaml(relations: Iterable[ProposedRelation]) -> str:
    """Return a relations file of candidates, with every market's title as a comment."""
    entries = [line for relation in relations for line in _entry(relation)]
    return _HEADER + ("\n".join(entries) + "\n" if entries else "  []\n")


def _entry(relation: ProposedRelation) -> Iterator[str]:
    yield f"  - name: {_quoted(relation.name)}"
    yield f"    kind: {kind_of(relation)}"
    yield "    status: proposed"
    yield f"    note: {_quoted(relation.note)}"
    yield "    markets:"
    for market in relation.markets:
        yield f"      # {_plain(market.title)}"
        yield f"      - slug: {_quoted(market.slug)}"
        yield f"        rules_sha256: {_quoted(market.rules_sha256)}"


def _quoted(text: str) -> str:
    """Return a YAML scalar on one line that is this text whatever it holds."""
    return yaml.safe_dump(text, default_style='"', width=float("inf")).rstrip("\n")


def _plain(title: str) -> str:
    """Return a title that cannot leave its line."""
    return "".join(c for c in " ".join(title.split()) if c.isprintable())


def write(path: Path, text: str, *, force: bool) -> None:
    """Write a file. Raises FileExistsError where there is one and `force` is not set; OSError."""
    with path.open("w" if force else "x", encoding="utf-8") as file:
        file.write(text)
