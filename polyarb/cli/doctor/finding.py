"""What one check came to."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """How a check ended. NOT_CHECKED: there was nothing to look at, or nobody to ask."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the checklist. found: what was seen. remedy: what to do about it, "" if nothing.

    Neither ever holds a secret.
    """

    check: str
    state: State
    found: str
    remedy: str = ""


def exit_code(findings: Iterable[Finding]) -> int:
    """Return 1 where something failed, else 0."""
    return int(any(finding.state is State.FAILED for finding in findings))
