"""The pieces that a page is set from. Texts are never read as markup: titles are the venue's."""

from collections.abc import Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from polyarb.cli.explain.wording import plain

GOOD = "bold green"
BAD = "bold red"


def heading(text: str) -> Text:
    """Return the title of a section."""
    return Text(f"\n{text.upper()}", style="bold cyan")


def facts(rows: Sequence[tuple[str, str | Text]]) -> Table:
    """Return labels with their values beside them."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for label, value in rows:
        grid.add_row(Text(f"  {label}"), value if isinstance(value, Text) else Text(plain(value)))
    return grid


def table(*columns: str) -> Table:
    """Return an empty table; a column named "<text>" is for words, any other for figures."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=True, header_style="dim")
    for name in columns:
        if name.startswith("<"):
            made.add_column(name.strip("<>"), overflow="fold")
        else:
            made.add_column(name, justify="right", no_wrap=True)
    return made


def row(made: Table, *cells: str, style: str = "") -> None:
    """Add a row of plain text."""
    made.add_row(*(Text(cell) for cell in cells), style=style)


def lines(texts: Sequence[str]) -> Group:
    """Return sentences, one a line."""
    return Group(*(Text(f"  {plain(text)}") for text in texts))


def show(console: Console, parts: Sequence[RenderableType]) -> None:
    """Print the parts of a page."""
    for part in parts:
        console.print(part)
