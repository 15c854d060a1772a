"""Logs: lines for people on a terminal, JSON records in a cluster, rotated files beside them."""

import sys
from pathlib import Path
from typing import Final

from loguru import logger

CONSOLE_FORMAT: Final = (
    "{time:YYYY-MM-DD HH:mm:ss.SSS} | {level: <8} | {name}:{function}:{line} | {message}"
)
_ROTATION: Final = "100 MB"
_RETENTION: Final = "30 days"


def configure(*, level: str, form: str, folder: str, file_name: str) -> None:
    """Send records to stdout as lines (`form` "console") or JSON ("json"), and to a rotated file.

    The file rotates at 100 MB, is zipped, and is kept for 30 days. An empty folder means no file;
    with JSON there is none either: what collects stdout keeps it.
    Variables of stack frames are never printed: they may hold secrets.
    """
    logger.remove()
    if form == "json":
        logger.add(sys.stdout, level=level, serialize=True, diagnose=False, backtrace=False)
    else:
        logger.add(sys.stdout, level=level, format=CONSOLE_FORMAT, diagnose=False, backtrace=False)
    if folder and form != "json":
        add_file(Path(folder) / file_name, level=level, form=CONSOLE_FORMAT)


def add_file(path: Path, *, level: str, form: str) -> None:
    """Add a rotated, zipped log file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    logger.add(
        path,
        level=level,
        format=form,
        rotation=_ROTATION,
        retention=_RETENTION,
        compression="zip",
        diagnose=False,
        backtrace=False,
    )
