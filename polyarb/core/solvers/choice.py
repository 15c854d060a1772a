"""Which single tokens to buy together: a small integer program over the worlds known so far."""

from collections.abc import Sequence

import highspy
import numpy as np

from polyarb.core.solvers.highs import quiet, run


def best_choice(
    prices: Sequence[float],
    pays: Sequence[Sequence[bool]],
    *,
    fresh: Sequence[bool],
    fresh_max: int,
) -> tuple[int, ...]:
    """Return the tokens of which one each earns the most in the worst world, () if none earns.

    prices: of one token each, fees included. pays: for each world, which tokens pay 1.00 in it; at
    least one world. fresh: tokens of which at most `fresh_max` may be chosen. Raises Unproved.
    """
    count = len(prices)
    rows = np.zeros((1 + len(pays), count + 1))
    rows[0, :count] = fresh
    rows[1:, :count] = pays
    rows[1:, count] = -1.0
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = count + 1, len(rows)
    program.col_cost_ = np.array([*prices, -1.0])
    program.col_lower_ = np.zeros(count + 1)
    program.col_upper_ = np.array([*([1.0] * count), float(count)])
    program.integrality_ = [highspy.HighsVarType.kInteger] * (count + 1)
    program.row_lower_ = np.array([-np.inf, *([0.0] * len(pays))])
    program.row_upper_ = np.array([float(fresh_max), *([np.inf] * len(pays))])
    program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    at_row, at_column = np.nonzero(rows)
    program.a_matrix_.start_ = np.searchsorted(at_row, np.arange(len(rows) + 1))
    program.a_matrix_.index_ = at_column
    program.a_matrix_.value_ = rows[at_row, at_column]
    solver = quiet(("mip_rel_gap", 0.0), ("mip_abs_gap", 0.0), ("presolve", "off"))
    solver.passModel(program)
    run(solver)
    values = solver.getSolution().col_value
    return tuple(at for at in range(count) if values[at] > 0.5)
