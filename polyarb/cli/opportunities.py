"""How opportunities, data alarms and verdicts are shown: tables for people, JSON for programs."""

import json
from collections.abc import Iterable, Sequence

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from rich.console import Console
from rich.table import Table

from polyarb.cli.durations import clock
from polyarb.core.money import format_micros
from polyarb.core.returns import Returns, returns_of
from polyarb.v1.market_pb2 import GroupKind
from polyarb.v1.opportunity_pb2 import AlarmKind, DataAlarm, Opportunity
from polyarb.v1.order_pb2 import Decision, RefusalCode
from polyarb.v1.scanner_service_pb2 import ScanResponse, ScanSummary
from polyarb.wire.opportunity import certificate_from
from polyarb.wire.scalars import time_ns

_ALARMS_SHOWN = 20
_WIDE = 110
_FIGURES = (
    *("legs", "sets", "cost", "fees", "guaranteed", "of face"),
    *("pays", "days\nlocked", "a year"),
)
_DISPENSABLE = {"legs", "fees", "of face"}
"""What a narrow terminal does without: `polyarb explain` and --json have it."""


def json_line(message: Message) -> str:
    """Return a message as one line of protobuf JSON."""
    return json.dumps(MessageToDict(message), separators=(",", ":"))


def draw_scan(console: Console, responses: Sequence[ScanResponse]) -> None:
    """Show one sweep: what was found, what is not believed, and the counts."""
    opportunities = [r.opportunity for r in responses if r.WhichOneof("item") == "opportunity"]
    alarms = [r.alarm for r in responses if r.WhichOneof("item") == "alarm"]
    if opportunities:
        console.print(_opportunity_table(opportunities, width=console.width))
    if alarms:
        console.print(_alarm_table(alarms))
    for response in responses:
        if response.WhichOneof("item") == "summary":
            console.print(summary_line(response.summary), soft_wrap=True)


def summary_line(summary: ScanSummary) -> str:
    """Return the counts of a sweep as a sentence."""
    unusable = summary.unusable_market_count
    doubt = f" ({unusable} not usable now)" if unusable else ""
    return (
        f"Scanned {summary.event_count} events with {summary.market_count} markets"
        f"{doubt} in {_duration(summary.duration_us)}:"
        f" {summary.opportunity_count} opportunities, {summary.alarm_count} data alarms."
    )


def _duration(micros: int) -> str:
    """Return a sweep's duration, or that of a recording."""
    return f"{micros / 1e3:.1f} ms" if micros < 1_000_000 else clock(micros / 1e6)


def _opportunity_table(opportunities: Iterable[Opportunity], *, width: int) -> Table:
    """Return the opportunities in the order in which they would be judged."""
    table, shown = Table(title="Opportunities"), _shown(_FIGURES, width)
    table.add_column("event", overflow="fold")
    for name in shown:
        table.add_column(name, justify="right", no_wrap=True)
    for found in sorted(opportunities, key=lambda o: _returns(o).rank, reverse=True):
        figures = _figures(found)
        name = f"{found.slug or found.event_id}\n{_kind(found)}"
        table.add_row(name, *(figures[column] for column in shown))
    return table


def _shown(columns: Sequence[str], width: int) -> list[str]:
    """Return the columns that fit; figures are left out whole, never cut."""
    return [name for name in columns if width >= _WIDE or name not in _DISPENSABLE]


def _returns(found: Opportunity) -> Returns:
    return returns_of(
        certificate_from(found.certificate),
        detected_time_ns=time_ns(found.detected_time),
        end_time_ns=time_ns(found.end_time) if found.HasField("end_time") else None,
    )


def _kind(found: Opportunity) -> str:
    return GroupKind.Name(found.kind).removeprefix("GROUP_KIND_").lower().replace("_", " ")


def _figures(found: Opportunity) -> dict[str, str]:
    """Return every figure by the name of its column."""
    proof, earned = found.certificate, _returns(found)
    face, days, percent = proof.face_micros, earned.locked_days, 100 * earned.annualised
    return {
        "legs": str(len(found.legs)),
        "sets": format_micros(face, 2),
        "cost": format_micros(proof.cost_micros, 2),
        "fees": format_micros(proof.fees_micros, 4),
        "guaranteed": format_micros(proof.guaranteed_micros, 4),
        "of face": f"{100 * proof.guaranteed_micros / face:.2f} %" if face else "",
        "pays": "now" if earned.settles_now else "held",
        "days\nlocked": f"{days:.2f}" if days < 1 else f"{days:.0f}",
        "a year": f"{percent:,.0f} %" if percent >= 100 else f"{percent:.2f} %",
    }


def _alarm_table(alarms: Sequence[DataAlarm]) -> Table:
    left_out = len(alarms) - _ALARMS_SHOWN
    table = Table(title="Data alarms", caption=f"and {left_out} more" if left_out > 0 else None)
    table.add_column("kind", no_wrap=True)
    table.add_column("what")
    table.add_column("apparent edge", justify="right")
    for alarm in alarms[:_ALARMS_SHOWN]:
        kind = AlarmKind.Name(alarm.kind).removeprefix("ALARM_KIND_").lower().replace("_", " ")
        edge = format_micros(alarm.edge_micros, 4) if alarm.edge_micros else ""
        table.add_row(kind, alarm.message, edge)
    return table


def draw_decisions(console: Console, decisions: Sequence[Decision]) -> None:
    """Show what risk said about each event's newest opportunity, the best return first."""
    if not decisions:
        console.print("\nNo opportunity was found: there is nothing that would be traded.")
        return
    table = Table(title="What would be traded")
    offered = ("sets", "cost") if console.width >= _WIDE else ()
    shown = (*offered, "guaranteed", "pays", "days\nlocked", "a year")
    table.add_column("event", overflow="fold")
    for name in shown:
        heading = "sets\non offer" if name == "sets" else name
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict")
    for decision in sorted(decisions, key=lambda d: _returns(d.opportunity).rank, reverse=True):
        found = decision.opportunity
        figures = _figures(found)
        columns = (figures[column] for column in shown)
        table.add_row(found.slug or found.event_id, *columns, verdict(decision))
    console.print(table)


def verdict(decision: Decision) -> str:
    """Return risk's verdict for people."""
    if decision.WhichOneof("verdict") == "approved":
        return "approved"
    refused = decision.refused
    if refused.code == RefusalCode.REFUSAL_CODE_DRY_RUN:
        return refused.message.removeprefix("dry run: ")
    code = RefusalCode.Name(refused.code).removeprefix("REFUSAL_CODE_").lower().replace("_", " ")
    return f"refused ({code}): {refused.message}"
