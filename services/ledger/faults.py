"""Why the ledger cannot do what it was asked. Refusals of risk are answers, not faults."""

from polyarb.core.errors import PolyarbError


class Unavailable(PolyarbError):
    """Postgres did not answer. It may have happened: ask again with the same key."""


class NotFound(PolyarbError):
    """Nothing has this id."""


class AlreadyExists(PolyarbError):
    """The same id came before with another content."""


class Precondition(PolyarbError):
    """Not in the present state. `reason` is for machines, UPPER_SNAKE."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
