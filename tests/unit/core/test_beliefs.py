"""Probabilities of worlds in exact integers."""

from random import Random

import pytest

from polyarb.core.beliefs import belief, joined, marginals

ONE = 10**18


def test_belief_adds_up_to_certainty() -> None:
    """Whatever a solver's rounding leaves is made up for."""
    for seed in range(1_000):
        rng = Random(seed)
        weights = [rng.choice((0.0, -1e-13, rng.random())) for _ in range(9)] + [0.1]
        scaled = [weight / sum(max(w, 0.0) for w in weights) for weight in weights]

        held = belief(scaled, [(i,) for i in range(10)])

        assert sum(share for share, _ in held) == ONE, seed
        assert all(abs(share / ONE - scaled[world[0]]) < 1e-15 for share, world in held), seed


def test_worlds_without_weight_are_left_out() -> None:
    """Zero and a solver's tiny negative value say nothing."""
    assert belief([0.0, 1.0, -1e-12], [(0,), (1,), (2,)]) == [(ONE, (1,))]


def test_belief_needs_a_weight() -> None:
    """No weight at all is a fault of the caller."""
    with pytest.raises(AssertionError):
        belief([0.0, -1.0], [(0,), (1,)])


def test_joint_worlds_keep_every_marginal() -> None:
    """Sets that nothing ties are laid side by side: exact, and few worlds."""
    for seed in range(300):
        rng = Random(seed)
        beliefs = []
        for place in range(rng.randint(1, 5)):
            markets = range(3 * place, 3 * place + 3)
            worlds = [tuple(m for m in markets if rng.random() < 0.5) for _ in range(4)]
            weights = [rng.choice((0.0, 0.25, rng.random())) for _ in range(3)] + [0.25]
            beliefs.append(belief(weights, worlds))

        joint = joined(beliefs)

        assert sum(share for share, _ in joint) == ONE, seed
        assert all(share > 0 for share, _ in joint), seed
        assert marginals([joint], 15) == marginals(beliefs, 15), seed
        assert len(joint) <= sum(len(held) - 1 for held in beliefs) + 1, seed
