"""What is at stake now: the ledger's portfolio as risk reads it. Pure."""

from dataclasses import dataclass, field
from typing import Final

from polyarb.core.features import coarse
from polyarb.core.money import Collateral

_NOTHING: Final = Collateral(0)


@dataclass(frozen=True, slots=True)
class Record:
    """How many baskets of a bucket ended with a fill, and how many of them COMPLETE."""

    ended: int = 0
    complete: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """The ledger's state at one instant. Field by field as in the proto of the same name."""

    epoch: int = 0
    halted: bool = False
    halt_reason: str = ""
    collateral: Collateral = _NOTHING
    reserved: Collateral = _NOTHING
    open_positions: int = 0
    open_cost: Collateral = _NOTHING
    open_worst_value: Collateral = _NOTHING
    realised_today: Collateral = _NOTHING
    worst_loss_held: Collateral = _NOTHING
    exploration_today: Collateral = _NOTHING
    opened: bool = False
    records: dict[str, Record] = field(default_factory=dict)
    open_event_ids: frozenset[str] = frozenset()

    @property
    def daily_loss_used(self) -> Collateral:
        """Return today's realised loss plus the worst case of what is open. Never negative."""
        return Collateral(max(0, -self.realised_today) + self.worst_loss_held)

    def capital(self, bankroll: Collateral) -> Collateral:
        """Return W: collateral plus open baskets at worst case, capped by a bankroll above 0."""
        whole = Collateral(max(0, self.collateral + self.open_worst_value))
        return Collateral(min(whole, bankroll)) if bankroll > 0 else whole

    def free(self, bankroll: Collateral) -> Collateral:
        """Return what a new basket may hold. Never negative.

        Settled collateral that no reservation holds; of a bankroll, what open baskets leave of it.
        """
        free = self.collateral - self.reserved
        if bankroll > 0:
            free = min(free, bankroll - self.reserved - self.open_cost)
        return Collateral(max(0, free))

    def record(self, bucket: str) -> Record:
        """Return the history of a bucket."""
        return self.records.get(bucket, Record())

    def record_of_kind(self, bucket: str) -> Record:
        """Return the history of a bucket's kind of set, all features together."""
        alike = [r for name, r in self.records.items() if coarse(name) == coarse(bucket)]
        return Record(sum(r.ended for r in alike), sum(r.complete for r in alike))
