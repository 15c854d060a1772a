"""The checklist for people and for programs."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from polyarb.cli.doctor.finding import Finding, State, exit_code

_STYLES: Final = {
    State.OK: "green",
    State.WARNING: "yellow",
    State.FAILED: "bold red",
    State.NOT_CHECKED: "dim",
}


def draw(console: Console, findings: Sequence[Finding]) -> None:
    """Show the checklist: every state in words, in colour where there is colour."""
    grid = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for finding in findings:
        style = _STYLES[finding.state]
        grid.add_row(finding.check, Text(finding.state.value, style=style), Text(finding.found))
        if finding.remedy:
            grid.add_row("", "", Text(f"-> {finding.remedy}", style="bold"))
    console.print(grid)
    console.print()
    console.print(Text(summary(findings), style="bold red" if exit_code(findings) else "bold"))


def summary(findings: Sequence[Finding]) -> str:
    """Return how many checks ended how, in one line."""
    counts = Counter(finding.state for finding in findings)
    return ", ".join(f"{counts[state]} {state.value}" for state in State)


def as_json(findings: Sequence[Finding]) -> str:
    """Return the checklist as one JSON object."""
    return json.dumps(
        {
            "ok": exit_code(findings) == 0,
            "findings": [
                {
                    "check": finding.check,
                    "state": finding.state.value,
                    "found": finding.found,
                    "remedy": finding.remedy,
                }
                for finding in findings
            ],
        },
        indent=2,
    )
