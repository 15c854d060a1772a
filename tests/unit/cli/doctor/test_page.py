"""The checklist for people and for programs."""

import json
from io import StringIO

import pytest
from rich.console import Console

from polyarb.cli.doctor import page
from polyarb.cli.doctor.finding import Finding, State, exit_code

FINE = Finding(check="clock", state=State.OK, found="agrees [to the second]")
ODD = Finding(check="key", state=State.WARNING, found="readable", remedy="chmod 600 it")
BAD = Finding(check="chain", state=State.FAILED, found="chain 1", remedy="name another node")
UNASKED = Finding(check="ports", state=State.NOT_CHECKED, found="nobody")


def drawn(*findings: Finding) -> str:
    console = Console(file=StringIO(), width=100, highlight=False)
    page.draw(console, findings)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_the_page_reads_without_colour() -> None:
    """States are words, remedies stand under what they mend, brackets are not markup."""
    text = drawn(FINE, ODD, BAD, UNASKED)

    lines = [line.rstrip() for line in text.splitlines()]
    assert lines == [
        "clock  ok           agrees [to the second]",
        "key    warning      readable",
        "                    -> chmod 600 it",
        "chain  failed       chain 1",
        "                    -> name another node",
        "ports  not checked  nobody",
        "",
        "1 ok, 1 warning, 1 failed, 1 not checked",
    ]
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("findings", "code"), [((), 0), ((FINE, ODD, UNASKED), 0), ((FINE, BAD), 1)]
)
def test_only_a_failure_fails(findings: tuple[Finding, ...], code: int) -> None:
    """Warnings and what was not checked do not."""
    assert exit_code(findings) == code


def test_programs_get_the_same_findings() -> None:
    """One object: whether all is well, and every finding with its remedy."""
    said = json.loads(page.as_json([FINE, BAD]))

    assert said["ok"] is False
    assert said["findings"][1] == {
        "check": "chain",
        "state": "failed",
        "found": "chain 1",
        "remedy": "name another node",
    }
