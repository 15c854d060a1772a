"""The terminal and the log file of a run."""

from io import StringIO
from pathlib import Path

import pytest
from loguru import logger
from rich.console import Console
from rich.text import Text

from polyarb.cli.terminal import LOG_FILE, Terminal, style_of

LINE = "2026-01-15 15:30:00.123 | SUCCESS  | a.b:c:1 | trade {complete} [net] | more"


def test_lines_of_processes_are_passed_on_unchanged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Braces, brackets and the level stay as they are, on the terminal and in the file."""
    with Terminal().logging(level="ERROR", folder=str(tmp_path)):
        Terminal().forward("executor", LINE)

    assert capsys.readouterr().out == f"{LINE}\n"
    assert (tmp_path / LOG_FILE).read_text() == f"{LINE}\n"


def test_our_own_records_keep_the_level(capsys: pytest.CaptureFixture[str]) -> None:
    """LOG_LEVEL holds for the supervisor as for the services."""
    with Terminal().logging(level="WARNING", folder=""):
        logger.info("quiet")
        logger.warning("loud")

    assert [line.rpartition("| ")[2] for line in capsys.readouterr().out.splitlines()] == ["loud"]


def test_real_terminal_shows_lines_above_the_bar() -> None:
    """Lines scroll, the bar stays, and long lines are not cut."""
    out = StringIO()
    terminal = Terminal(Console(file=out, force_terminal=True, width=40, highlight=False))
    with terminal.logging(level="INFO", folder=""), terminal.bar():
        terminal.update(Text("the bar"))
        terminal.forward("executor", LINE)
        shown_with_bar = terminal.has_bar

    assert shown_with_bar
    assert LINE in out.getvalue()
    assert "the bar" in out.getvalue()


@pytest.mark.parametrize(
    ("line", "style"),
    [
        (LINE, "bold green"),
        ("2026-01-15 15:30:00.123 | INFO     | a:b:1 | x", ""),
        ("2026-01-15 15:30:00.123 | ERROR    | a:b:1 | x", "red"),
        ("Traceback (most recent call last):", ""),
        ("", ""),
    ],
)
def test_colour_follows_the_level(line: str, style: str) -> None:
    """What is no log line has no colour."""
    assert style_of(line) == style
