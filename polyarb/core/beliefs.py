"""Probabilities of worlds as integers in 1e-18, from a solver's floating point.

They prove that no portfolio guarantees more, so they must add up to 1 exactly; being off the best
ones in the last digit only weakens the proof by as little.
"""

from collections.abc import Sequence
from itertools import accumulate

from polyarb.core.arbitrage import ONE_ATTO

World = tuple[int, ...]
"""The markets that resolve YES, rising."""

Belief = list[tuple[int, World]]
"""(probability in 1e-18, world); the probabilities add up to 1 exactly."""


def belief(weights: Sequence[float], worlds: Sequence[World]) -> Belief:
    """Return the worlds with a weight, in their order, as exact probabilities.

    weights: add up to 1 but for rounding. What is missing or too much goes to the largest.
    """
    positive = [max(weight, 0.0) for weight in weights]
    total = sum(positive)
    assert total > 0, "no world has a weight"
    shares = [int(weight / total * ONE_ATTO) for weight in positive]
    shares[shares.index(max(shares))] += ONE_ATTO - sum(shares)
    return [(share, world) for share, world in zip(shares, worlds, strict=True) if share]


def marginals(beliefs: Sequence[Belief], count: int) -> tuple[int, ...]:
    """Return the probability that each of `count` markets resolves YES, in 1e-18.

    beliefs: of sets of markets that no logic ties to each other.
    """
    found = [0] * count
    for share, world in (entry for held in beliefs for entry in held):
        for market in world:
            found[market] += share
    return tuple(found)


def joined(beliefs: Sequence[Belief]) -> Belief:
    """Return one belief about all markets with the same marginals.

    Laid side by side from 0 to 1, each set's worlds cut the line; every stretch between two cuts is
    a joint world. Any other coupling would prove the same with more worlds.
    """
    ends = [list(accumulate(share for share, _ in held)) for held in beliefs]
    cuts = sorted({end for own in ends for end in own})
    at, start, joint = [0] * len(beliefs), 0, Belief()
    for cut in cuts:
        worlds = [held[i][1] for held, i in zip(beliefs, at, strict=True)]
        joint.append((cut - start, tuple(sorted(m for world in worlds for m in world))))
        at = [i + (own[i] == cut) for own, i in zip(ends, at, strict=True)]
        start = cut
    return joint
