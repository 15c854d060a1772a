"""HiGHS as we use it: quiet, deterministic, as exact as it can be."""

from typing import Final

import highspy
import numpy as np

from polyarb.core.errors import PolyarbError

TOLERANCE: Final = 1e-10
"""By how much a bound or a row may be missed: the least that HiGHS accepts."""

_OPTIONS: Final[tuple[tuple[str, bool | int | float | str], ...]] = (
    ("output_flag", False),
    ("threads", 1),
    ("parallel", "off"),
    ("random_seed", 7),
    ("primal_feasibility_tolerance", TOLERANCE),
    ("dual_feasibility_tolerance", TOLERANCE),
)


class Unproved(PolyarbError):
    """A solver stopped at its bound, so nothing may be claimed. What it learnt is kept."""


def quiet(*options: tuple[str, bool | int | float | str]) -> highspy.Highs:
    """Return a solver with an empty model. options: set after the common ones."""
    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    for name, value in (*_OPTIONS, *options):
        status = solver.setOptionValue(name, value)
        assert status == highspy.HighsStatus.kOk, (name, value)
    return solver


def run(solver: highspy.Highs) -> None:
    """Solve to optimality. Raises Unproved."""
    solver.run()
    status = solver.getModelStatus()
    if status != highspy.HighsModelStatus.kOptimal:
        raise Unproved(f"HiGHS ended with {solver.modelStatusToString(status)}")


def add_row(solver: highspy.Highs, lower: float, upper: float, entries: dict[int, float]) -> None:
    """Append lower <= sum of entries (column: coefficient) <= upper."""
    columns = np.array(list(entries), dtype=np.int32)
    solver.addRow(lower, upper, len(columns), columns, np.array(list(entries.values())))
