"""A portfolio's certificate, checked again in this process. Pure."""

from dataclasses import dataclass

from polyarb.cli.explain.wording import logic_lines
from polyarb.cli.explain.worlds import HeldWorld, held_worlds, worst_world
from polyarb.core.certificate import verify
from polyarb.core.opportunity import Opportunity
from polyarb.core.worlds import NoWorld, TooManyWorlds

_ABOUT_THE_CLAIM = ("certificate.", "best_profit")


@dataclass(frozen=True, slots=True)
class Proof:
    """What a check of the certificate says.

    fault: None where it holds. logic: in sentences. worst: None where the portfolio is malformed.
    worlds: the worst first; None where there are too many to list, or the portfolio is malformed.
    """

    fault: str | None
    logic: tuple[str, ...]
    worst: HeldWorld | None
    worlds: tuple[HeldWorld, ...] | None


def proof_of(opportunity: Opportunity) -> Proof:
    """Verify an opportunity's certificate and list the worlds that it speaks of."""
    fault = verify(opportunity)
    logic = tuple(logic_lines(opportunity))
    if fault is not None and not fault.startswith(_ABOUT_THE_CLAIM):
        return Proof(fault, logic, None, None)
    try:
        worlds = held_worlds(opportunity)
    except (NoWorld, TooManyWorlds):
        worlds = None
    return Proof(fault, logic, worlds[0] if worlds else worst_world(opportunity), worlds)
