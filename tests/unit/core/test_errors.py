"""The tree of operating errors: did it happen?"""

import pytest

from polyarb.core.errors import (
    BadInput,
    ConfigError,
    NotSent,
    OutcomeUnknown,
    PolyarbError,
    Rejected,
    VenueError,
)


@pytest.mark.parametrize("kind", [NotSent, Rejected, OutcomeUnknown])
def test_venue_errors_are_three_and_never_mixed(kind: type[VenueError]) -> None:
    """Each answers the question alone: none is a kind of another."""
    others = {NotSent, Rejected, OutcomeUnknown} - {kind}

    assert issubclass(kind, VenueError)
    assert not any(issubclass(kind, other) for other in others)


def test_every_error_is_ours() -> None:
    """One base to catch at the edge of a process."""
    assert all(issubclass(kind, PolyarbError) for kind in (BadInput, ConfigError, VenueError))


def test_bad_input_names_its_field() -> None:
    """For people in the text, for machines in the attributes."""
    error = BadInput("price", "off the tick")

    assert str(error) == "price: off the tick"
    assert (error.field, error.reason) == ("price", "off the tick")


def test_config_error_lists_every_fault() -> None:
    """All at once, one a line."""
    error = ConfigError(["A: not a number", "B: missing"])

    assert str(error) == "configuration is not valid:\n  A: not a number\n  B: missing"
    assert error.faults == ("A: not a number", "B: missing")
