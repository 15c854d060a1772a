"""Which actions happened, when their answers are lost: only the wallet's tokens can tell. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Final

_TRIED_MAX: Final = 10
"""Changes that overlap beyond this are judged all or none: 1,024 choices are tried at most."""


def happened(
    *, settled: Mapping[str, int], held: Mapping[str, int], changes: Sequence[Mapping[str, int]]
) -> tuple[bool | None, ...]:
    """Return of each change whether the wallet shows it; None where no choice explains the wallet.

    settled: tokens by the books without any of the changes. held: tokens by the wallet. Changes
    that share a token are judged together, the choice with the fewest of them first.
    """
    verdicts: list[bool | None] = [None] * len(changes)
    for group in _groups(changes):
        tokens = {token for i in group for token in changes[i]}
        gone = {t: held.get(t, 0) - settled.get(t, 0) for t in tokens}
        for chosen in _choices(group):
            if all(sum(changes[i].get(t, 0) for i in chosen) == gone[t] for t in tokens):
                for i in group:
                    verdicts[i] = i in chosen
                break
    return tuple(verdicts)


def _groups(changes: Sequence[Mapping[str, int]]) -> list[tuple[int, ...]]:
    """Return the indexes of changes that are connected by common tokens, each in one group."""
    groups: list[tuple[set[str], tuple[int, ...]]] = []
    for index, change in enumerate(changes):
        tokens = set(change)
        members: tuple[int, ...] = (index,)
        apart = []
        for other_tokens, others in groups:
            if tokens & other_tokens:
                tokens |= other_tokens
                members = (*others, *members)
            else:
                apart.append((other_tokens, others))
        groups = [*apart, (tokens, members)]
    return [members for _, members in groups]


def _choices(group: tuple[int, ...]) -> Iterator[frozenset[int]]:
    sizes = range(len(group) + 1) if len(group) <= _TRIED_MAX else (0, len(group))
    for size in sizes:
        for chosen in combinations(group, size):
            yield frozenset(chosen)
