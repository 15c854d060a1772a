"""The tables that `make corpus` prints, as plain text."""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Final

from bench.corpus.cases import Family
from bench.corpus.certificates import Mutated, Verified
from bench.corpus.mutations import HARMLESS
from bench.corpus.score import Judged, Score, microseconds, of_family, score
from polyarb.core.money import MICROS

FIELDS_SHOWN: Final = 4

Row = tuple[str, ...]
Classes = Sequence[tuple[str, Sequence[Judged]]]


def tables(judged: Sequence[Judged], families: Iterable[Enum] = Family) -> str:
    """Return all tables over the judged cases, a row for each class and one for all."""
    classes = [(str(family.value), of_family(judged, family)) for family in families]
    classes.append(("all", list(judged)))
    parts = (_corpus, _finder, _gate, _side_by_side)
    return "\n\n".join(part(classes) for part in parts)


def _corpus(classes: Classes) -> str:
    head = (
        "the corpus", "groups", "markets", "worlds", "true arbitrage", "naive false", "LP dollars",
    )  # fmt: skip
    return _aligned([head, *(_corpus_row(name, cases) for name, cases in classes)])


def _corpus_row(name: str, cases: Sequence[Judged]) -> Row:
    positives, fooled = sum(j.positive for j in cases), sum(j.fooled for j in cases)
    best = sum(j.best for j in cases if j.positive)
    return (
        name,
        str(len(cases)),
        _span([len(j.case.quoted) for j in cases]),
        _span([j.case.space.count for j in cases]),
        str(positives),
        str(fooled),
        f"{best:.2f}",
    )


def _finder(classes: Classes) -> str:
    head = (
        "our finder", "found", "false", "share of LP $", "worst deviation", "us a group", "LP us",
    )  # fmt: skip
    return _aligned([head, *(_finder_row(name, cases) for name, cases in classes)])


def _finder_row(name: str, cases: Sequence[Judged]) -> Row:
    mine = score(cases, [j.ours for j in cases])
    return (
        name,
        f"{mine.found}/{mine.positives}",
        str(mine.false),
        _share(mine.dollars, sum(j.best for j in cases if j.positive)),
        f"{max(j.deviation for j in cases):.0e}",
        f"{microseconds(j.find_ns for j in cases):.0f}",
        f"{microseconds(j.program_ns for j in cases):.0f}",
    )


def _gate(classes: Classes) -> str:
    head = (
        "the gate: crossed", "groups", "alarms", "positive", "leaked",
        "sound: positive", "sent", "false", "$ after lattice",
    )  # fmt: skip
    return _aligned([head, *(_gate_row(name, cases) for name, cases in classes)])


def _gate_row(name: str, cases: Sequence[Judged]) -> Row:
    """Return the row of a class: groups with a crossed book first, then the others."""
    crossed = [j for j in cases if j.case.crossed]
    sound = [j for j in cases if not j.case.crossed]
    sent = [j.sent for j in sound if j.sent is not None]
    kept = sum(opportunity.certificate.guaranteed for opportunity in sent) / MICROS
    return (
        name,
        str(len(crossed)),
        str(sum(j.alarmed for j in crossed)),
        str(sum(j.positive for j in crossed)),
        str(sum(j.leaked for j in crossed)),
        str(sum(j.positive for j in sound)),
        str(len(sent)),
        str(sum(j.sent is not None and j.sent_net <= 0 for j in cases)),
        _share(kept, sum(j.best for j in sound if j.positive)),
    )


def _side_by_side(classes: Classes) -> str:
    rows: list[Row] = [
        ("side by side", "class", "found", "false", "share of LP $", "worst claim $")
    ]
    for name, cases in classes:
        best = sum(j.best for j in cases if j.positive)
        rows.append(_detector_row("polyarb", name, score(cases, [j.ours for j in cases]), best))
        for detector in cases[0].naive:
            result = score(cases, [j.naive[detector] for j in cases])
            rows.append(_detector_row(detector, name, result, best))
    return _aligned(rows)


def _detector_row(detector: str, name: str, result: Score, best: float) -> Row:
    return (
        detector,
        name,
        f"{result.found}/{result.positives}",
        str(result.false),
        _share(result.dollars, best),
        f"{result.worst:.2f}",
    )


def named(judged: Sequence[Judged]) -> str:
    """Return a row for each case: what the naive detectors and ours make of it, in dollars."""
    rows: list[Row] = [("trap", "naive: worst claim $", "by", "LP $", "ours $", "sent $")]
    for j in judged:
        claims = [(c.dollars, name) for name, c in j.naive.items() if c is not None]
        worst, by = min(claims, default=(0.0, "nobody"))
        sent = "-" if j.sent is None else f"{j.sent.certificate.guaranteed / MICROS:.2f}"
        best = j.best if j.positive else 0.0
        rows.append((j.case.name, f"{worst:.2f}", by, f"{best:.2f}", f"{j.claimed:.2f}", sent))
    return _aligned(rows)


def proofs(checked: Verified, changes: Mutated) -> str:
    """Return what became of certificates, and of those with one field changed."""
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(checked.kinds.items()))
    of = ", ".join(f"{count} {kind}" for kind, count in sorted(changes.kinds.items()))
    accepted = sum(changes.accepted.values())
    rows: list[Row] = [("accepted, and why", "changes", "of", "fields")]
    for reason in dict.fromkeys(HARMLESS.values()):
        fields = [name for name in changes.accepted if HARMLESS.get(name) == reason]
        if fields:
            rows.append(
                (
                    reason,
                    str(sum(changes.accepted[name] for name in fields)),
                    str(sum(changes.tried[name] for name in fields)),
                    ", ".join(sorted(fields)) if len(fields) < FIELDS_SHOWN else str(len(fields)),
                )
            )
    tried, never = changes.tried.total(), sorted(set(changes.tried) - set(changes.accepted))
    fate = f"{tried - accepted:,} rejected, {accepted:,} accepted as harmless"
    parts = (
        f"{checked.kinds.total():,} certificates verified: {kinds}",
        f"{tried:,} single changes, digest recomputed: {of}\n{fate}",
        _aligned(rows),
        f"never accepted: {', '.join(never)}",
    )
    return "\n\n".join(parts)


def _span(counts: Sequence[int]) -> str:
    """Return the least and the most, large numbers by their magnitude."""
    least, most = (f"{n:,}" if n < 10**6 else f"{n:.0e}" for n in (min(counts), max(counts)))
    return least if least == most else f"{least}-{most}"


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.2f} %" if whole else "-"


def _aligned(rows: Sequence[Row]) -> str:
    """Return rows under a rule, text to the left and figures to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    left = {i for i, cell in enumerate(rows[-1]) if cell[:1].isalpha()}
    lines = [
        "  ".join(
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "-" * (sum(widths) + 2 * len(widths) - 2), *lines[1:]])
