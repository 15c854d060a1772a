"""HiGHS as it is set up."""

import highspy
import pytest

from polyarb.core.solvers.highs import Unproved, add_row, quiet, run


def test_solver_is_exact_quiet_and_single_threaded() -> None:
    """The tightest tolerances it takes, and nothing that depends on the machine."""
    solver = quiet()
    names = ("primal_feasibility_tolerance", "dual_feasibility_tolerance", "threads", "output_flag")

    values = [solver.getOptionValue(name)[1] for name in names]

    assert values == [1e-10, 1e-10, 1, False]


def test_own_options_are_set_after_the_common_ones() -> None:
    """A caller may still choose."""
    assert quiet(("presolve", "off")).getOptionValue("presolve")[1] == "off"


def test_unknown_option_is_a_fault() -> None:
    """A misspelt option does not pass in silence."""
    with pytest.raises(AssertionError):
        quiet(("presolved", "off"))


def test_row_holds_its_bounds() -> None:
    """At most 3 of x + 2 y, where y is dear, is x = 3."""
    solver = quiet()
    for cost in (-1.0, -1.0):
        solver.addVar(0.0, highspy.kHighsInf)
        solver.changeColCost(solver.getNumCol() - 1, cost)
    add_row(solver, -highspy.kHighsInf, 3.0, {0: 1.0, 1: 2.0})

    run(solver)

    assert list(solver.getSolution().col_value) == [3.0, 0.0]


def test_program_without_an_optimum_proves_nothing() -> None:
    """Unbounded or infeasible is said, never read as a value."""
    solver = quiet()
    solver.addVar(0.0, highspy.kHighsInf)
    solver.changeColCost(0, -1.0)

    with pytest.raises(Unproved):
        run(solver)
