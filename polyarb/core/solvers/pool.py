"""The core worlds of any group, as far as a program needs them."""

from collections.abc import Mapping
from typing import Final

from polyarb.core.actions import Token
from polyarb.core.beliefs import World
from polyarb.core.cliques import merged
from polyarb.core.market import Group, GroupKind, Outcome
from polyarb.core.solvers.oracle import Oracle
from polyarb.core.worlds import Worst, every_world, logic_of

PICOS: Final = 10**12
"""Parts of a token in which a program's fractions are compared."""

_PICOS_STEP: Final = 500
"""How much less a world must pay to matter: below it the program is noise."""


class Worlds:
    """The core worlds: all of a closed form, of a general logic those that proved worst."""

    def __init__(self, group: Group) -> None:
        count = len(group.markets)
        self._oracle: Oracle | None = None
        if group.kind is GroupKind.GENERAL:
            self._oracle = Oracle(merged(group.logic), range(count))
            self.known = [self._oracle.worst({}).winners]
        else:
            self.known = list(every_world(logic_of(group.kind, count), count=count))

    def worst(self, tokens: Mapping[Token, int]) -> Worst:
        """Return what the tokens pay in the worst world, in micros, and who wins in it."""
        nets, paid_unless = dict[int, int](), 0
        for (index, outcome), size in tokens.items():
            sign = 1 if outcome is Outcome.YES else -1
            nets[index] = nets.get(index, 0) + sign * size
            paid_unless += size if outcome is Outcome.NO else 0
        if self._oracle is not None:
            found = self._oracle.worst(nets)
        else:
            totals = ((sum(nets.get(m, 0) for m in world), world) for world in self.known)
            found = Worst(*min(totals))
        return Worst(paid_unless + found.total, found.winners)

    def unknown(self, nets: Mapping[int, int]) -> World | None:
        """Return a world that pays less than all known ones, and know it; None without one.

        nets: YES less NO of each market, in 1e-12 tokens.
        """
        if self._oracle is None or not nets:
            return None
        found = self._oracle.worst(nets, _PICOS_STEP)
        least = min(sum(nets[market] for market in world) for world in self.known)
        if found.total > least - _PICOS_STEP:
            return None
        self.known.append(found.winners)
        return found.winners
