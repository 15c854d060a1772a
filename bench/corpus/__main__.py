"""Prints what detection finds, misses and invents on 1,500 labelled groups; exit 1 on any fault."""

import argparse
import gc
import os
import platform
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import Final, TypeVar

from bench.corpus.cases import TABLE_SEED, Family, Labelled, digest, make_corpus
from bench.corpus.ours import best
from bench.corpus.score import faults, judge
from bench.corpus.table import tables
from bench.corpus.tied import TABLE_COUNTS, TiedFamily, make_tied

FAULTS_SHOWN: Final = 20

T = TypeVar("T")


def main() -> int:
    """Return 0 if every promise holds on the corpus of the seed, else 1."""
    parser = argparse.ArgumentParser(prog="make corpus", description=__doc__)
    parser.add_argument("--seed", type=int, default=TABLE_SEED)
    seed = parser.parse_args().seed
    started = time.monotonic()
    print(f"seed {seed}, Python {platform.python_version()}, {os.cpu_count()} cores")
    events = tuple(make_corpus(seed, binary=400, exhaustive=400, open_field=200))
    tied = tuple(make_tied(seed, TABLE_COUNTS))
    gc.collect()
    gc.freeze()  # the corpus itself must not be walked again while times are taken
    wrong = [
        *_measured("events in which one market wins", events, Family),
        *_measured("markets tied by relations", tied, TiedFamily),
    ]
    print(f"\n{len(wrong)} faults in {time.monotonic() - started:.1f} s")
    for fault in wrong[:FAULTS_SHOWN]:
        print(f"  {fault}")
    return 1 if wrong else 0


def _measured(title: str, cases: Sequence[Labelled], families: Iterable[Enum]) -> list[str]:
    """Print the tables of one half of the corpus, and return its faults."""
    judged = tuple(_shown(title, judge(cases, best, time.perf_counter_ns), len(cases)))
    print(f"\n{title}: {len(cases)} groups, corpus {digest(cases)}\n\n{tables(judged, families)}")
    return faults(judged, families)


def _shown(title: str, steps: Iterator[T], count: int) -> Iterator[T]:
    """Yield the steps; on a terminal, say how far they are."""
    telling = sys.stderr.isatty()
    for number, step in enumerate(steps, start=1):
        if telling and number % 20 == 0:
            print(f"\r{title}: {number} of {count}", end="", file=sys.stderr, flush=True)
        yield step
    if telling:
        print("\r\033[K", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
