"""Prints what detection finds, misses and invents on 1,500 labelled groups; exit 1 on any fault.

Then 10,000 certificates are verified, and 10,000 changes of a single field tried on them.
"""

import argparse
import gc
import os
import platform
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from random import Random
from typing import Final, TypeVar

from bench.corpus.cases import TABLE_SEED, Family, Labelled, digest, make_corpus
from bench.corpus.certificates import CERTIFICATES, MUTATIONS, mutated, resized, sent_of, verified
from bench.corpus.ours import best
from bench.corpus.score import Judged, case_faults, faults, judge
from bench.corpus.table import named, proofs, tables
from bench.corpus.tied import TABLE_COUNTS, TiedFamily, make_tied
from bench.corpus.traps import make_traps

FAULTS_SHOWN: Final = 20
SMALL: Final = tuple(family for family in TiedFamily if family is not TiedFamily.CHAIN)

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
    half = _measured("events in which one market wins", events, Family)
    other = _measured("markets tied by relations", tied, TiedFamily)
    traps = tuple(judge(make_traps(), best, time.perf_counter_ns))
    print(f"\n{named(traps)}")
    wrong = [
        *faults(half, Family),
        *faults(other, TiedFamily),
        *(fault for trap in traps for fault in case_faults(trap)),
        *_proved((*half, *other), seed),
    ]
    print(f"\n{len(wrong)} faults in {time.monotonic() - started:.1f} s")
    for fault in wrong[:FAULTS_SHOWN]:
        print(f"  {fault}")
    return 1 if wrong else 0


def _measured(
    title: str, cases: Sequence[Labelled], families: Iterable[Enum]
) -> tuple[Judged, ...]:
    """Print the tables of one half of the corpus, and return the verdicts."""
    judged = tuple(_shown(title, judge(cases, best, time.perf_counter_ns), len(cases)))
    print(f"\n{title}: {len(cases)} groups, corpus {digest(cases)}\n\n{tables(judged, families)}")
    return judged


def _proved(judged: Sequence[Judged], seed: int) -> list[str]:
    """Print what becomes of certificates and of changed ones, and return the faults.

    They are those of the corpus, and as many more from another seed.
    """
    rng = Random(f"{seed}/certificates")
    more: tuple[Labelled, ...] = (
        *make_corpus(seed + 1, binary=0, exhaustive=600, open_field=300),
        *make_tied(seed + 1, dict.fromkeys(SMALL, 60)),
    )
    sent = [(j.case, j.sent) for j in judged if j.sent is not None]
    sent += sent_of(_shown("more certificates", iter(more), len(more)))
    checked = verified(
        _shown("certificates", resized(sent, count=CERTIFICATES, rng=rng), CERTIFICATES)
    )
    changes = mutated(sent, count=MUTATIONS, rng=rng)
    print(f"\nfrom {len(sent)} portfolios: {proofs(checked, changes)}")
    return checked.faults + changes.faults


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
