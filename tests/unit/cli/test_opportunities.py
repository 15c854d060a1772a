"""How opportunities, alarms and verdicts are shown."""

import json
from io import StringIO

import pytest
from rich.console import Console

from polyarb.cli.opportunities import draw_decisions, draw_scan, json_line, verdict
from polyarb.v1.opportunity_pb2 import (
    ALARM_KIND_CROSSED_BOOK,
    Certificate,
    DataAlarm,
    Leg,
    Opportunity,
)
from polyarb.v1.order_pb2 import (
    REFUSAL_CODE_DRY_RUN,
    REFUSAL_CODE_HURDLE_RATE,
    REFUSAL_CODE_MIN_PROFIT,
    Decision,
    Intent,
    Refused,
)
from polyarb.v1.scanner_service_pb2 import ScanResponse, ScanSummary

FOUND = Opportunity(
    slug="who-wins",
    legs=[Leg(), Leg()],
    certificate=Certificate(
        cost_micros=96_000_000,
        fees_micros=1_000_000,
        guaranteed_micros=3_000_000,
        face_micros=100_000_000,
    ),
)


def _page() -> tuple[StringIO, Console]:
    out = StringIO()
    return out, Console(file=out, width=160)


def test_scan_shows_what_was_found_and_what_is_not_believed() -> None:
    """Money, data alarms and the counts stand on one page."""
    out, console = _page()
    alarm = DataAlarm(kind=ALARM_KIND_CROSSED_BOOK, message="bid 0.6 over ask 0.5")
    summary = ScanSummary(event_count=2, market_count=9, unusable_market_count=1, duration_us=1500)
    responses = [
        ScanResponse(opportunity=FOUND), ScanResponse(alarm=alarm), ScanResponse(summary=summary)
    ]  # fmt: skip
    draw_scan(console, responses)

    for text in ("who-wins", "3.0000", "3.00 %", "crossed book", "bid 0.6 over ask 0.5"):
        assert text in out.getvalue()
    assert "Scanned 2 events with 9 markets (1 not usable now) in 1.5 ms" in out.getvalue()


DAY_S = 86_400


def _paying(slug: str, *, days: int | None) -> Opportunity:
    """Return FOUND as one that converts, or one that pays after so many days and a week."""
    found = Opportunity()
    found.CopyFrom(FOUND)
    found.slug = slug
    found.detected_time.seconds = 20_000 * DAY_S
    found.end_time.seconds = (20_000 + (days or 0)) * DAY_S
    if days is None:
        found.certificate.settle_now_micros = found.certificate.guaranteed_micros
    return found


def _rows(page: str) -> list[list[str]]:
    """Return the cells of a table's rows; the second lines of cells are left out."""
    rows = [[c.strip() for c in row.split("│")[1:-1]] for row in page.splitlines() if "│" in row]
    return [row for row in rows if row[-1]]


def test_scan_shows_the_best_return_first() -> None:
    """What pays now before what is held; how long capital is locked, and what it earns a year."""
    out, console = _page()
    found = [_paying("year", days=358), _paying("now", days=None), _paying("month", days=23)]
    draw_scan(console, [ScanResponse(opportunity=o) for o in found])

    assert [[row[0], *row[-3:]] for row in _rows(out.getvalue())] == [
        ["now", "now", "0.04", "27,093 %"],
        ["month", "held", "30", "37.63 %"],
        ["year", "held", "365", "3.09 %"],
    ]


@pytest.mark.parametrize("width", [80, 100])
def test_a_narrow_terminal_shows_fewer_figures_but_whole_ones(width: int) -> None:
    """A sum that lost its end would be another sum."""
    out = StringIO()
    found = _paying("next-prime-minister-of-valmark", days=None)
    found.certificate.face_micros = 99_999 * 1_000_000
    draw_scan(Console(file=out, width=width), [ScanResponse(opportunity=found)])

    ((*_, sets, cost, guaranteed, pays, days, year),) = _rows(out.getvalue())
    assert (sets, cost, guaranteed) == ("99999.00", "96.00", "3.0000")
    assert (pays, days, year) == ("now", "0.04", "27,093 %")
    assert "…" not in out.getvalue()


def test_verdicts_are_shown_in_the_same_order_and_columns() -> None:
    """With what would be done about each."""
    out, console = _page()
    no = Refused(code=REFUSAL_CODE_HURDLE_RATE, message="too slow")
    late, now = _paying("year", days=358), _paying("now", days=None)
    draw_decisions(
        console,
        [Decision(opportunity=late, refused=no), Decision(opportunity=now, approved=Intent())],
    )

    assert [[row[0], *row[-4:]] for row in _rows(out.getvalue())] == [
        ["now", "now", "0.04", "27,093 %", "approved"],
        ["year", "held", "365", "3.09 %", "refused (hurdle rate): too slow"],
    ]


def test_many_alarms_are_counted() -> None:
    """A page is not flooded; what is left out is said."""
    out, console = _page()
    alarm = ScanResponse(alarm=DataAlarm(kind=ALARM_KIND_CROSSED_BOOK, message="m"))
    draw_scan(console, 25 * [alarm])

    assert "and 5 more" in out.getvalue()


def test_json_is_one_line_of_protobuf_json() -> None:
    """Names are lowerCamelCase and 64-bit numbers are strings, as the standard says."""
    line = json_line(ScanResponse(summary=ScanSummary(event_count=2)))

    assert json.loads(line) == {"summary": {"eventCount": "2"}}
    assert "\n" not in line


def test_dry_run_shows_size_and_reason() -> None:
    """What would be traded, and what would not and why."""
    out, console = _page()
    would = Refused(code=REFUSAL_CODE_DRY_RUN, message="dry run: would buy 5 sets for 4.80")
    no = Refused(code=REFUSAL_CODE_MIN_PROFIT, message="1.1 % is under 2 %")
    draw_decisions(
        console,
        [Decision(opportunity=FOUND, refused=would), Decision(opportunity=FOUND, refused=no)],
    )

    assert "would buy 5 sets for 4.80" in out.getvalue()
    assert "refused (min profit): 1.1 % is under 2 %" in out.getvalue()


def test_nothing_found_is_said() -> None:
    """An empty table would leave a question."""
    out, console = _page()
    draw_decisions(console, [])

    assert "No opportunity was found" in out.getvalue()


def test_approval_is_a_verdict() -> None:
    """Outside a dry run decisions may be approvals."""
    assert verdict(Decision(opportunity=FOUND, approved=Intent())) == "approved"
