"""How opportunities, alarms and verdicts are shown."""

import json
from io import StringIO

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
