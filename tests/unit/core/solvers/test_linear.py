"""The linear program takes what pays most, and takes changed bounds into account."""

import pytest

from polyarb.core.solvers.highs import Unproved
from polyarb.core.solvers.linear import Program


def test_the_best_column_is_taken_as_far_as_the_rows_allow() -> None:
    """Two columns share 5; the better one takes 3 of them, its own most."""
    program = Program()
    good, fair = program.column(2.0, upper=3.0), program.column(1.0)
    program.row({good: 1.0, fair: 1.0}, upper=5.0)

    assert program.solve() == pytest.approx([3.0, 2.0])


def test_a_changed_bound_counts_from_the_next_solve_on() -> None:
    """What costs 1 a piece is limited by what may be spent."""
    program = Program()
    bought = program.column(1.0)
    spent = program.row({bought: -1.0}, lower=-5.0)
    before = program.solve()

    program.bound(spent, lower=-2.0)

    assert (before, program.solve()) == ([5.0], [2.0])


def test_a_column_may_be_negative() -> None:
    """A loss has its limit in its lower bound."""
    program = Program()
    program.column(-1.0, lower=-4.0)

    assert program.solve() == [-4.0]


def test_no_end_is_no_optimum() -> None:
    """A column that pays without limit proves nothing."""
    program = Program()
    program.column(1.0)

    with pytest.raises(Unproved):
        program.solve()
