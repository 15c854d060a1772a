"""The figures that end a run. Pure but for drawing them."""

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from polyarb.cli.durations import clock
from polyarb.cli.venue_books import VenueBooks
from polyarb.core.money import format_micros
from polyarb.v1.ledger_service_pb2 import Performance


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What a run did. books: what the ledger says; venue: what the simulated venue says."""

    elapsed_s: float
    scan_cycles: int
    opportunities: int
    books: Performance
    venue: VenueBooks | None = None

    @property
    def success_rate(self) -> str:
        """Return the share of trades that ended as planned, "n/a" without trades."""
        total = self.books.total_trades
        return f"{100 * self.books.successful_trades / total:.1f} %" if total else "n/a"

    @property
    def differences(self) -> dict[str, int]:
        """Return ledger less venue in micros, by name; empty where there is nothing to compare.

        Collateral is compared once the ledger has opened its books; profit when everything is
        settled: neither side holds or waits for anything.
        """
        if self.venue is None or not self.books.deposits_micros:
            return {}
        found = {"collateral": self.books.collateral_micros - self.venue.collateral}
        if self.venue.profit is not None and not self.books.open_positions:
            found["profit"] = self.books.net_profit_micros - self.venue.profit
        return found

    @property
    def agrees(self) -> bool:
        """Return whether ledger and venue agree to the micro."""
        return not any(self.differences.values())

    def rows(self) -> list[tuple[str, str]]:
        """Return label and value of every figure, in the order in which they are shown."""
        books = self.books
        rows = [
            ("Total scan cycles", str(self.scan_cycles)),
            ("Total opportunities", str(self.opportunities)),
            ("Total trades", str(books.total_trades)),
            ("Successful trades", str(books.successful_trades)),
            ("Failed trades", str(books.failed_trades)),
            ("Success rate", self.success_rate),
            ("Total profit", format_micros(books.net_profit_micros)),
            ("Fees paid", format_micros(books.fees_micros)),
            ("Open baskets", self._open()),
        ]
        return [*rows, *self._comparison(), ("Time", clock(self.elapsed_s))]

    def _open(self) -> str:
        books = self.books
        if not books.open_positions:
            return "0"
        paid, worth = books.open_cost_micros, books.open_worst_value_micros
        return (
            f"{books.open_positions}, paid {format_micros(paid)}, "
            f"worth {format_micros(worth)} at worst"
        )

    def _comparison(self) -> list[tuple[str, str]]:
        if self.venue is None:
            return []
        ours = {"collateral": self.books.collateral_micros, "profit": self.books.net_profit_micros}
        theirs = {"collateral": self.venue.collateral, "profit": self.venue.profit}
        rows = []
        for name, difference in self.differences.items():
            sides = f"{format_micros(ours[name])} - {format_micros(theirs[name] or 0)}"
            rows.append((f"Ledger - venue, {name}", f"{sides} = {format_micros(difference)}"))
        return rows

    def lines(self) -> list[str]:
        """Return the figures as aligned lines."""
        rows = self.rows()
        width = max(len(label) for label, _ in rows) + 1
        return [f"{label + ':':<{width}} {value}" for label, value in rows]

    def draw(self, console: Console) -> None:
        """Show the figures: a table for people at a terminal, plain lines elsewhere."""
        if not console.is_terminal:
            console.print("\n".join(["", "Final statistics", *self.lines()]), soft_wrap=True)
            return
        table = Table(title="Final statistics", show_header=False, title_style="bold")
        table.add_column(style="cyan")
        table.add_column(justify="right")
        for label, value in self.rows():
            table.add_row(label, Text(value, style=self._style(label)))
        console.print()
        console.print(table)

    def _style(self, label: str) -> str:
        if label == "Total profit":
            return "bold red" if self.books.net_profit_micros < 0 else "bold green"
        if label.startswith("Ledger - venue"):
            bad = self.differences.get(label.rpartition(" ")[2])
            return "bold red" if bad else "green"
        return "red" if label == "Failed trades" and self.books.failed_trades else ""
