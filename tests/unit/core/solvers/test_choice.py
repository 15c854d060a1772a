"""The best set of single tokens against trying every set."""

from itertools import combinations
from random import Random

import pytest

from polyarb.core.solvers.choice import best_choice


def test_choice_earns_what_the_best_of_all_sets_earns() -> None:
    """200 random tables of up to 8 tokens and 6 worlds, with and without room for fresh ones."""
    paying = 0
    for seed in range(200):
        rng = Random(f"choice/{seed}")
        count = rng.randint(1, 8)
        prices = [rng.randint(5, 60) / 100 for _ in range(count)]
        pays = [[rng.random() < 0.6 for _ in range(count)] for _ in range(rng.randint(1, 6))]
        fresh = [rng.random() < 0.7 for _ in range(count)]
        room = rng.randint(0, 4)

        def earns(
            chosen: tuple[int, ...],
            prices: list[float] = prices,
            pays: list[list[bool]] = pays,
        ) -> float:
            return min(sum(world[i] for i in chosen) for world in pays) - sum(
                prices[i] for i in chosen
            )

        allowed = (
            chosen
            for size in range(count + 1)
            for chosen in combinations(range(count), size)
            if sum(fresh[i] for i in chosen) <= room
        )
        best = max(earns(chosen) for chosen in allowed)

        found = best_choice(prices, pays, fresh=fresh, fresh_max=room)

        assert sum(fresh[i] for i in found) <= room, seed
        assert earns(found) == pytest.approx(best, abs=1e-9), seed
        paying += best > 0
    assert 40 < paying < 200
