"""The tables that `make corpus` prints, as plain text."""

from collections.abc import Sequence

from bench.corpus.cases import Family
from bench.corpus.naive import NAIVE
from bench.corpus.score import Judged, Score, microseconds, of_family, score
from polyarb.core.money import MICROS

Row = tuple[str, ...]


def tables(judged: Sequence[Judged]) -> str:
    """Return all tables over the judged cases."""
    parts = (_corpus(judged), _finder(judged), _gate(judged), _side_by_side(judged))
    return "\n\n".join(parts)


def _corpus(judged: Sequence[Judged]) -> str:
    head = ("the corpus", "groups", "true arbitrage", "naive false", "LP dollars")
    return _aligned([head, *(_corpus_row(name, cases) for name, cases in _classes(judged))])


def _corpus_row(name: str, cases: Sequence[Judged]) -> Row:
    positives, fooled = sum(j.positive for j in cases), sum(j.fooled for j in cases)
    best = sum(j.best for j in cases if j.positive)
    return name, str(len(cases)), str(positives), str(fooled), f"{best:.2f}"


def _finder(judged: Sequence[Judged]) -> str:
    head = (
        "our finder", "found", "false", "share of LP $", "worst deviation", "us a group", "LP us",
    )  # fmt: skip
    return _aligned([head, *(_finder_row(name, cases) for name, cases in _classes(judged))])


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


def _gate(judged: Sequence[Judged]) -> str:
    head = (
        "the gate: crossed", "groups", "alarms", "positive", "leaked",
        "sound: positive", "sent", "false", "$ after lattice",
    )  # fmt: skip
    return _aligned([head, *(_gate_row(name, cases) for name, cases in _classes(judged))])


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


def _side_by_side(judged: Sequence[Judged]) -> str:
    rows: list[Row] = [
        ("side by side", "class", "found", "false", "share of LP $", "worst claim $")
    ]
    for name, cases in _classes(judged):
        best = sum(j.best for j in cases if j.positive)
        rows.append(_detector_row("polyarb", name, score(cases, [j.ours for j in cases]), best))
        for detector in NAIVE:
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


def _classes(judged: Sequence[Judged]) -> list[tuple[str, Sequence[Judged]]]:
    classes = [(family.value, of_family(judged, family)) for family in Family]
    return [*classes, ("all", judged)]


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
