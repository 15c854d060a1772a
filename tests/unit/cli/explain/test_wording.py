"""Every code has its words, and figures are exact."""

from dataclasses import replace
from enum import Enum

import pytest

from polyarb.cli.explain import wording
from polyarb.core.basket import BindingConstraint
from polyarb.core.logic import Logic
from polyarb.core.order import BasketState, OrderState, RefusalCode
from unit.cli.explain.tales import general


@pytest.mark.parametrize(
    ("words", "codes"),
    [(wording.REFUSED, RefusalCode), (wording.BOUND_BY, BindingConstraint),
     (wording.STATE, BasketState), (wording.ORDER, OrderState)],
)  # fmt: skip
def test_every_code_is_explained(words: dict[Enum, str], codes: type[Enum]) -> None:
    """A new code without words is found here, not by whoever asks why."""
    assert set(words) == set(codes)
    assert all(words.values())


@pytest.mark.parametrize(
    ("micros", "text"),
    [(29_330_000, "29.33"), (673_232, "0.673232"), (10_000_000, "10.00"), (-100_000, "-0.10"),
     (1, "0.000001"), (0, "0.00")],
)  # fmt: skip
def test_amounts_are_exact(micros: int, text: str) -> None:
    """Two decimals or as many as it takes."""
    assert wording.amount(micros) == text


def test_shares_are_cut_towards_zero() -> None:
    """Nothing is rounded up into looking better."""
    assert wording.percent(2, 3) == "66.66 %"
    assert wording.percent(-2, 3) == "-66.66 %"
    assert wording.percent(1, 0) == "n/a"


def test_long_logic_is_cut_and_counted() -> None:
    """A page is for reading; --json has all of it."""
    clauses = tuple((1, 2, 3, 4) for _ in range(wording.CONSTRAINTS_SHOWN + 5))

    lines = wording.logic_lines(replace(general(), logic=Logic(clauses=clauses)))

    assert "  and 5 more" in lines


def test_unknown_tail_world_keeps_its_name() -> None:
    """What a later version writes is shown as it is."""
    assert wording.tail_words("flood:all", ()) == "flood:all"
    assert wording.tail_words("void:x", ()) == "void:x"
