"""Prints what detection finds, misses and invents on 1,000 labelled events; exit 1 on any fault."""

import argparse
import gc
import os
import platform
import sys
import time

from bench.corpus.cases import TABLE_SEED, digest, make_corpus
from bench.corpus.score import faults, judge
from bench.corpus.table import tables
from polyarb.core.arbitrage import find

FAULTS_SHOWN = 20


def main() -> int:
    """Return 0 if every promise holds on the corpus of the seed, else 1."""
    parser = argparse.ArgumentParser(prog="make corpus", description=__doc__)
    parser.add_argument("--seed", type=int, default=TABLE_SEED)
    seed = parser.parse_args().seed
    started = time.monotonic()
    cases = tuple(make_corpus(seed, binary=400, exhaustive=400, open_field=200))
    gc.collect()
    gc.freeze()  # the corpus itself must not be walked again while times are taken
    judged = tuple(judge(cases, find, time.perf_counter_ns))
    wrong = faults(judged)
    print(f"corpus {digest(cases)}, seed {seed}: {len(cases)} events")
    print(f"Python {platform.python_version()} on {os.cpu_count()} cores of {platform.machine()}\n")
    print(tables(judged))
    print(f"\n{len(wrong)} faults in {time.monotonic() - started:.1f} s")
    for fault in wrong[:FAULTS_SHOWN]:
        print(f"  {fault}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
