"""`polyarb run`: the whole system, as an operator starts it."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

LABELS: Final = (
    "Total scan cycles",
    "Total opportunities",
    "Total trades",
    "Successful trades",
    "Failed trades",
    "Success rate",
    "Total profit",
)
FORM: Final = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \| [A-Z]+ *\| [\w.]+:[\w<>]+:\d+ \| .*"
)
START_S_MAX: Final = 60.0
END_S_MAX: Final = 60.0


class Command:
    """A running `polyarb run` and what it has printed so far."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.lines: list[str] = []
        command = [sys.executable, "-m", "polyarb.cli", "run", "--ports", "auto", *options]
        folders = ["--data-folder", str(folder / "data"), "--log-folder", str(folder / "logs")]
        env = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE_", "TRADING_"))}
        self.process = subprocess.Popen(
            [*command, *folders],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=env,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(line.rstrip("\n") for line in self.process.stdout)

    def wait_for(
        self, pattern: str, *, count: int = 1, within_s: float = START_S_MAX
    ) -> re.Match[str]:
        """Return the `count`-th line's match; fails with the output when it does not come."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            found = [m for line in list(self.lines) if (m := re.search(pattern, line))]
            if len(found) >= count:
                return found[count - 1]
            if self.process.poll() is not None and not self._reader.is_alive():
                break
            time.sleep(0.05)
        raise AssertionError(f"no line {pattern!r} in:\n" + "\n".join(self.lines))

    def end(self, number: int | None = None) -> int:
        """Send a signal, if any, and return the exit code."""
        if number is not None:
            self.process.send_signal(number)
        code = self.process.wait(END_S_MAX)
        self._reader.join(END_S_MAX)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def statistics(self) -> dict[str, str]:
        """Return the final figures by label."""
        start = self.lines.index("Final statistics")
        pairs = (line.partition(":") for line in self.lines[start + 1 :])
        return {label: value.strip() for label, _, value in pairs}

    def children(self) -> dict[int, str]:
        """Return pid and command line of every process that it started."""
        found = {}
        for folder in Path("/proc").iterdir():
            try:
                if folder.name.isdigit() and _parent(folder) == self.process.pid:
                    words = (folder / "cmdline").read_text().split("\0")
                    found[int(folder.name)] = " ".join(words)
            except OSError:
                continue  # it ended meanwhile
        return found


def _parent(folder: Path) -> int:
    return int((folder / "stat").read_text().rpartition(")")[2].split()[1])


@dataclass(slots=True)
class Story:
    """What was seen of one run."""

    command: Command
    code: int = -1
    scan: list[dict[str, Any]] = field(default_factory=list)
    report: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """One run: a mispriced event is traded, the scanner is killed, Ctrl-C ends it."""
    command = Command(tmp_path_factory.mktemp("run"), "--seed", "7")
    told = Story(command)
    try:
        venue = command.wait_for(r"serves on (http://\S+)")[1]
        up = command.wait_for(r"everything is up: scanner=(\S+) .*ledger=(\S+)")
        _misprice(venue)
        command.wait_for(r"\| SUCCESS +\|")
        told.scan = [json.loads(line) for line in _ask("scan", "--json", "--address", up[1])]
        told.report = json.loads("".join(_ask("report", "--json", "--address", up[2])))
        [scanner] = [p for p, words in command.children().items() if "services.scanner" in words]
        os.kill(scanner, signal.SIGKILL)
        command.wait_for("scanner is ready", count=2)
        told.code = command.end(signal.SIGINT)
        yield told
    finally:
        if command.process.poll() is None:
            command.end(signal.SIGKILL)


def _misprice(venue: str) -> None:
    """Let one event's outcomes be worth more together than one of them can pay."""
    body = {"event": "norrland-assembly-most-seats", "stand_ms": 3_000}
    for _ in range(50):
        if httpx.post(f"{venue}/sim/misprice", json=body).status_code == httpx.codes.OK:
            return
        time.sleep(0.1)
    raise AssertionError("the event's books left no room for a mispricing")


def _ask(*arguments: str) -> list[str]:
    command = [sys.executable, "-m", "polyarb.cli", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_run_that_is_interrupted_ends_well(story: Story) -> None:
    """Ctrl-C is an orderly end: exit code 0, and no process is left."""
    assert story.code == 0, "\n".join(story.command.lines)
    assert story.command.children() == {}


def test_statistics_stand_at_the_end(story: Story) -> None:
    """Every label has its figure, and something was traded."""
    figures = story.command.statistics()

    assert [label for label in LABELS if not figures.get(label)] == []
    assert int(figures["Total scan cycles"]) >= 1
    assert int(figures["Total opportunities"]) >= 1
    assert int(figures["Total trades"]) >= 1


def test_ledger_and_venue_agree_to_the_micro(story: Story) -> None:
    """What the ledger says was earned is what the venue's own books say."""
    figures = story.command.statistics()

    compared = [v for label, v in figures.items() if label.startswith("Ledger - venue")]
    assert len(compared) == 2
    assert [value.rpartition("= ")[2] for value in compared] == 2 * ["0.000000"]
    assert figures["Open baskets"] == "0"


def test_killed_scanner_was_started_again(story: Story) -> None:
    """The restart is said loudly, with its number."""
    said = [line for line in story.command.lines if "started again" in line]

    assert len(said) == 1
    assert "scanner ended with signal SIGKILL" in said[0]
    assert "restart 1 of at most 5 in 60 s" in said[0]


def test_processes_stop_in_order(story: Story) -> None:
    """Intake first, the venue and the database last."""
    stops = [m[1] for line in story.command.lines if (m := re.search(r"\| stopping (\w+)$", line))]

    assert stops == ["scanner", "risk", "executor", "ledger", "simulator", "postgres"]


def test_log_file_holds_every_process_in_one_form(story: Story) -> None:
    """One stream of lines: time, level, where, message."""
    text = (story.command.folder / "logs" / "arbitrage.log").read_text()
    lines = [line for line in text.splitlines() if "services." in line or "polyarb." in line]

    assert len(lines) > 20
    assert [line for line in lines if not FORM.fullmatch(line)] == []
    assert {"services.risk", "services.executor", "services.ledger", "services.scanner"} <= {
        m[1] for line in lines if (m := re.search(r"\| (services\.\w+)", line))
    }


def test_scan_of_a_running_scanner_ends_with_its_summary(story: Story) -> None:
    """`polyarb scan --json` is one sweep, as protobuf JSON."""
    assert int(story.scan[-1]["summary"]["eventCount"]) > 5


def test_report_shows_the_trade(story: Story) -> None:
    """`polyarb report --json` reads the ledger."""
    assert int(story.report["performance"]["totalTrades"]) >= 1
    assert story.report["performance"]["depositsMicros"] == "10000000000"


def test_dry_run_of_one_cycle_executes_nothing(tmp_path: Path) -> None:
    """`--once --dry-run` scans once, shows what would be traded, and exits with 0."""
    command = Command(tmp_path, "--once", "--dry-run")
    code = command.end()

    figures = command.statistics()
    assert code == 0, "\n".join(command.lines)
    assert (figures["Total scan cycles"], figures["Total trades"]) == ("1", "0")
    assert figures["Ledger - venue, profit"] == "0.000000 - 0.000000 = 0.000000"
    assert any("would be traded" in line for line in command.lines)
    assert not any("approved intent" in line for line in command.lines)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--venue", "polymarket"], "not available yet"),
        (["--mode", "live"], "the simulated venue has no live mode"),
        (["--venue", "polymarket", "--mode", "live"], "Private key not configured"),
    ],
)
def test_venue_and_mode_that_do_not_go_together_are_refused(
    tmp_path: Path, options: list[str], words: str
) -> None:
    """Exit code 2 and a sentence, before anything is started or written."""
    command = Command(tmp_path, *options)

    assert command.end() == 2
    assert words in "\n".join(command.lines)
    assert list(tmp_path.iterdir()) == []
