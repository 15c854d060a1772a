"""What can go wrong between us and the world.

    PolyarbError
    ├── BadInput            a value from outside is not what it must be; names the field
    │   └── ConfigError     settings are not valid; lists every fault
    └── VenueError          a call to a venue failed. Did it happen?
        ├── NotSent         it did not happen and may be sent again
        ├── Rejected        it did not happen; sending it again as it is gives the same answer
        │   └── Unauthorized    because the venue does not know our credentials
        └── OutcomeUnknown  it may have happened: ask before acting

A refusal by risk is a value, not an exception. A programmer's error is an assertion.
"""

from collections.abc import Sequence


class PolyarbError(Exception):
    """Base of every operating error."""


class BadInput(PolyarbError):
    """A value from outside is malformed. `field` names it, `reason` says what was expected."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class ConfigError(PolyarbError):
    """Settings are not valid. Carries one line per fault."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("configuration is not valid:\n" + "\n".join(f"  {f}" for f in faults))
        self.faults = tuple(faults)


class VenueError(PolyarbError):
    """A call to a venue failed."""


class NotSent(VenueError):
    """The call did not happen and may be sent again."""


class Rejected(VenueError):
    """The call was refused. Sending it again unchanged gives the same answer."""


class Unauthorized(Rejected):
    """The venue does not know our credentials: with others the same call may be taken."""


class OutcomeUnknown(VenueError):
    """The call may have happened. Look it up before acting."""
