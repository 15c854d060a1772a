"""The words that every judgement shares."""

from polyarb.cli.doctor.facts import NotAsked, Unread
from polyarb.cli.doctor.finding import Finding, State


def ok(check: str, found: str) -> Finding:
    """Return a finding that nothing is wrong with."""
    return Finding(check=check, state=State.OK, found=found)


def warning(check: str, found: str, remedy: str) -> Finding:
    """Return a finding that does not keep anything from working."""
    return Finding(check=check, state=State.WARNING, found=found, remedy=remedy)


def failed(check: str, found: str, remedy: str) -> Finding:
    """Return a finding that must be mended first."""
    return Finding(check=check, state=State.FAILED, found=found, remedy=remedy)


def unknown(check: str, fact: Unread | NotAsked, remedy: str) -> Finding:
    """Return a finding without a value: failed where an answer was due."""
    if isinstance(fact, NotAsked):
        return Finding(check=check, state=State.NOT_CHECKED, found=fact.reason)
    return failed(check, fact.reason, remedy)


def grave_when_live(check: str, mode: str, found: str, remedy: str) -> Finding:
    """Return what fails live trading and is only a warning as long as nothing real moves."""
    return (failed if mode == "live" else warning)(check, found, remedy)
