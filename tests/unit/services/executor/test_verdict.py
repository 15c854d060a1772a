"""What the wallet's tokens say about actions whose answers were lost."""

from random import Random

import pytest

from services.executor.verdict import happened


def test_an_action_happened_when_its_tokens_are_gone() -> None:
    """The wallet holds what the books say, changed by the action."""
    change = {"no1": -10, "no2": -10, "yes3": 10}

    done = happened(settled={"no1": 10, "no2": 12}, held={"no2": 2, "yes3": 10}, changes=[change])

    assert done == (True,)


def test_an_action_did_not_happen_when_nothing_moved() -> None:
    """The wallet equals the books."""
    assert happened(settled={"a": 10}, held={"a": 10}, changes=[{"a": -10}]) == (False,)


def test_a_wallet_that_nothing_explains_gives_no_verdict() -> None:
    """Half an action is none: something else moved these tokens."""
    assert happened(settled={"a": 10}, held={"a": 5}, changes=[{"a": -10}]) == (None,)


def test_several_baskets_with_the_same_token_are_judged_together() -> None:
    """Of three redemptions of one token, the one of 7 happened, whatever the others were for."""
    changes = [{"a": -4}, {"a": -7}, {"a": -20}]

    done = happened(settled={"a": 31}, held={"a": 24}, changes=changes)

    assert done == (False, True, False)


def test_an_unexplained_token_does_not_hide_the_other_verdicts() -> None:
    """Actions without a common token are judged on their own."""
    changes = [{"a": -4}, {"b": -7}]

    assert happened(settled={"a": 4, "b": 9}, held={"b": 1}, changes=changes) == (True, None)


@pytest.mark.parametrize("seed", range(200))
def test_what_really_happened_is_found(seed: int) -> None:
    """Random actions on few tokens, some of which happened: the wallet gives them away."""
    rng = Random(seed)
    tokens = ["a", "b", "c", "d"]
    settled = dict.fromkeys(tokens, 10**6)
    changes = [
        {t: -rng.randrange(1, 10**5) for t in rng.sample(tokens, rng.randrange(1, 4))}
        for _ in range(rng.randrange(1, 8))
    ]
    truth = tuple(rng.random() < 0.5 for _ in changes)
    held = {
        t: settled[t] + sum(c.get(t, 0) for c, did in zip(changes, truth, strict=True) if did)
        for t in tokens
    }

    assert happened(settled=settled, held=held, changes=changes) == truth
