"""The figures that end a run."""

from io import StringIO
from typing import Final

from rich.console import Console

from polyarb.cli.totals import Totals
from polyarb.cli.venue_books import VenueBooks
from polyarb.v1.ledger_service_pb2 import Performance

LABELS: Final = (
    "Total scan cycles",
    "Total opportunities",
    "Total trades",
    "Successful trades",
    "Failed trades",
    "Success rate",
    "Total profit",
)


def _books(**figures: int) -> Performance:
    given = {
        "total_trades": 8,
        "successful_trades": 7,
        "failed_trades": 1,
        "net_profit_micros": 1_234_567,
        "collateral_micros": 10_001_234_567,
        "deposits_micros": 10_000_000_000,
    }
    return Performance(**{**given, **figures})


def _totals(books: Performance, venue: VenueBooks | None) -> Totals:
    return Totals(elapsed_s=61, scan_cycles=3, opportunities=12, books=books, venue=venue)


def _venue(collateral: int, profit: int | None) -> VenueBooks:
    return VenueBooks(deposited=10_000_000_000, collateral=collateral, profit=profit)


def _text(totals: Totals, *, terminal: bool) -> str:
    out = StringIO()
    totals.draw(Console(file=out, force_terminal=terminal, width=120, no_color=True))
    return out.getvalue()


def test_figures_stand_under_their_labels() -> None:
    """Without a terminal every figure is one line, label first."""
    lines = dict(
        line.split(":", 1) for line in _totals(_books(), _venue(10_001_234_567, 1_234_567)).lines()
    )

    assert [lines[label].strip() for label in LABELS] == [
        "3", "12", "8", "7", "1", "87.5 %", "1.234567",
    ]  # fmt: skip


def test_no_trades_have_no_success_rate() -> None:
    """Nothing divided by nothing is not 0 %."""
    books = _books(total_trades=0, successful_trades=0, failed_trades=0)

    assert _totals(books, None).success_rate == "n/a"


def test_equal_books_agree() -> None:
    """Ledger and venue have the same collateral and the same profit."""
    totals = _totals(_books(), _venue(10_001_234_567, 1_234_567))

    assert totals.differences == {"collateral": 0, "profit": 0}
    assert totals.agrees


def test_one_micro_is_a_difference() -> None:
    """There is no tolerance."""
    totals = _totals(_books(), _venue(10_001_234_568, 1_234_567))

    assert totals.differences["collateral"] == -1
    assert not totals.agrees
    assert "= -0.000001" in _text(totals, terminal=False)


def test_profit_is_not_compared_while_something_is_open() -> None:
    """An open basket is paid for and not yet realised on either side."""
    held = _totals(_books(), _venue(10_001_234_567, None))
    open_basket = _totals(_books(open_positions=1), _venue(10_001_234_567, 5))

    assert list(held.differences) == list(open_basket.differences) == ["collateral"]


def test_books_that_were_never_opened_are_not_compared() -> None:
    """A run that was stopped before the first report has nothing to compare."""
    assert _totals(Performance(), _venue(10_000_000_000, 0)).agrees


def test_open_baskets_are_shown_at_their_worst_case() -> None:
    """Profit is what was realised; what is open stands on its own line."""
    books = _books(
        open_positions=2, open_cost_micros=30_000_000, open_worst_value_micros=29_000_000
    )

    assert "2, paid 30.000000, worth 29.000000 at worst" in _text(
        _totals(books, None), terminal=False
    )


def test_terminal_gets_the_same_figures_as_a_table() -> None:
    """A person sees every label and value that a program sees."""
    totals = _totals(_books(), _venue(10_001_234_567, 1_234_567))

    shown = _text(totals, terminal=True)

    assert all(label in shown and value in shown for label, value in totals.rows())
