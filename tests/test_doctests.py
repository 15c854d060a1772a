"""Every `>>>` example in the documents and in the core's docstrings gives what is printed."""

import doctest
import importlib
import pkgutil
import re
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

import polyarb.core

ROOT: Final = Path(__file__).resolve().parent.parent
STRATEGY: Final = ROOT / "docs" / "strategy.md"
DOCUMENTS: Final = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
MODULES: Final = sorted(
    module.name for module in pkgutil.walk_packages(polyarb.core.__path__, "polyarb.core.")
)


def _of_page(page: Path) -> list[doctest.DocTest]:
    parser = doctest.DocTestParser()
    return [parser.get_doctest(page.read_text(encoding="utf-8"), {}, page.name, str(page), 0)]


def _of_module(module: ModuleType) -> list[doctest.DocTest]:
    return doctest.DocTestFinder(exclude_empty=True).find(module)


def _failures(tests: Iterable[doctest.DocTest]) -> list[str]:
    """Run the examples and return what each wrong one printed."""
    reports: list[str] = []
    for test in tests:
        reported = list[str]()
        doctest.DocTestRunner(verbose=False).run(test, out=reported.append)
        reports += reported
    return reports


def _off_by_one(text: str) -> str:
    """Return a text with its first digit changed."""
    return re.sub(r"\d", lambda digit: str((int(digit[0]) + 1) % 10), text, count=1)


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: page.name)
def test_examples_of_a_page_give_what_it_prints(page: Path) -> None:
    """What a page shows is what the code says."""
    assert _failures(_of_page(page)) == []


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_a_core_module_give_what_it_prints(name: str) -> None:
    """What a docstring shows is what the code says."""
    assert _failures(_of_module(importlib.import_module(name))) == []


def test_strategy_page_is_worked_through() -> None:
    """The mathematics is shown with numbers, so an empty page does not pass for a right one."""
    (test,) = _of_page(STRATEGY)

    assert sum(1 for example in test.examples if example.want) > 50


def test_every_printed_number_of_the_strategy_page_is_compared() -> None:
    """Changed in one digit, each result that has one fails: no example is skipped or hidden."""
    (test,) = _of_page(STRATEGY)
    numbered = [example for example in test.examples if re.search(r"\d", example.want)]
    for example in numbered:
        example.want = _off_by_one(example.want)

    failures = _failures([test])

    assert "".join(failures).count("Failed example:") == len(numbered) > 50


def test_wrong_number_in_a_copy_is_found(tmp_path: Path) -> None:
    """A page whose text was changed fails where it was changed, and nowhere else."""
    copy = tmp_path / "strategy.md"
    text = STRATEGY.read_text(encoding="utf-8")
    copy.write_text(text.replace("    1.3716\n", "    1.37\n", 1), encoding="utf-8")

    (failure, *others) = _failures(_of_page(copy))

    assert others == []
    assert "dollars(solution)" in failure


def test_wrong_number_in_a_docstring_is_found() -> None:
    """An example in a module's docstring is run too."""
    module = ModuleType("example", '"""A sum.\n\n>>> 1 + 1\n3\n"""')

    (failure,) = _failures(_of_module(module))

    assert "1 + 1" in failure
