"""The terminal and the log file of a run: every process's lines in one stream, a bar below."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from loguru import logger
from rich.console import Console
from rich.live import Live
from rich.text import Text

from polyarb.chassis import logging

LOG_FILE: Final = "arbitrage.log"

_FORWARDED: Final = 60
"""Above every level: what a child printed has passed the child's own filter."""

_PAGE_COLUMNS: Final = 160

_STYLES: Final = {
    "TRACE": "dim",
    "DEBUG": "dim",
    "SUCCESS": "bold green",
    "WARNING": "yellow",
    "ERROR": "red",
    "CRITICAL": "bold red",
}


class Terminal:
    """Shows lines unchanged; on a real terminal in their level's colour, above a status bar."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or new_console()
        self._live: Live | None = None

    @contextmanager
    def logging(self, *, level: str, folder: str) -> Iterator[None]:
        """Send our own records, and forwarded lines, to the terminal and the rotated file."""
        logger.remove()
        logger.add(
            self._show, level=level, format=logging.CONSOLE_FORMAT, diagnose=False, backtrace=False
        )
        if folder:
            path = Path(folder) / LOG_FILE
            logging.add_file(path, level=level, form=logging.CONSOLE_FORMAT)
        try:
            yield
        finally:
            logger.remove()

    def forward(self, name: str, line: str) -> None:
        """Pass on one line of a process as it is."""
        del name
        logger.opt(raw=True).log(_FORWARDED, line + "\n")

    @contextmanager
    def bar(self) -> Iterator[None]:
        """Keep a status bar at the bottom for as long as this lasts, on a real terminal."""
        if not self.console.is_terminal:
            yield
            return
        with Live(console=self.console, auto_refresh=False, transient=True) as self._live:
            yield
        self._live = None

    @property
    def has_bar(self) -> bool:
        """Return whether a bar is shown."""
        return self._live is not None

    def update(self, bar: Text) -> None:
        """Redraw the bar."""
        if self._live is not None:
            self._live.update(bar, refresh=True)

    def _show(self, message: str) -> None:
        text = message.rstrip("\n")
        if self.console.is_terminal:
            self.console.print(Text(text, style=style_of(text)), soft_wrap=True)
        else:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()


def new_console() -> Console:
    """Return the terminal, or a wide page where output goes to a file or a pipe."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PAGE_COLUMNS)


def style_of(line: str) -> str:
    """Return the colour of a log line, "" for none."""
    parts = line.split(" | ", 2)
    return _STYLES.get(parts[1].strip(), "") if len(parts) == 3 else ""
