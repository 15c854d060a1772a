"""The worked examples of docs/strategy.md."""

import doctest
from pathlib import Path

STRATEGY = Path(__file__).parents[3] / "docs" / "strategy.md"


def test_every_example_of_the_strategy_page_holds() -> None:
    """What the page prints is what the code says."""
    results = doctest.testfile(str(STRATEGY), module_relative=False)

    assert results.attempted > 20
    assert results.failed == 0
