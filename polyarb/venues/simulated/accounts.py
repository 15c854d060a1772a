"""What every account of the simulated venue owns, is owed, and has promised to open orders."""

from dataclasses import dataclass, field

from polyarb.core.money import Collateral, Size
from polyarb.venues.simulated.records import AccountKind, Statement


@dataclass(slots=True, eq=False)
class Account:
    """One account's balances in micros.

    collateral, tokens: settled, reservations included. pending_*: from trades that are not yet
    confirmed; nothing can be done with them. reserved*: what resting orders may still take.
    """

    name: str
    kind: AccountKind
    deposited: int = 0
    collateral: int = 0
    pending_collateral: int = 0
    reserved: int = 0
    fees_paid: int = 0
    trade_count: int = 0
    tokens: dict[str, int] = field(default_factory=dict)
    pending_tokens: dict[str, int] = field(default_factory=dict)
    reserved_tokens: dict[str, int] = field(default_factory=dict)

    @property
    def bottomless(self) -> bool:
        """Return whether the venue issues whatever this account lacks."""
        return self.kind is AccountKind.BOTTOMLESS

    def free_collateral(self) -> int:
        """Return settled collateral that no open order holds."""
        return self.collateral - self.reserved

    def free_tokens(self, token_id: str) -> int:
        """Return settled tokens that no open order holds."""
        return self.tokens.get(token_id, 0) - self.reserved_tokens.get(token_id, 0)

    def deposit(self, amount: int) -> None:
        """Add settled collateral from outside the venue."""
        assert amount >= 0, amount
        self.deposited += amount
        self.collateral += amount

    def statement(self) -> Statement:
        """Return the account as it stands."""
        return Statement(
            account=self.name,
            deposited=Collateral(self.deposited),
            collateral=Collateral(self.collateral),
            pending_collateral=Collateral(self.pending_collateral),
            reserved=Collateral(self.reserved),
            tokens={token: Size(size) for token, size in self.tokens.items()},
            pending_tokens={token: Size(size) for token, size in self.pending_tokens.items()},
            fees_paid=Collateral(self.fees_paid),
            trade_count=self.trade_count,
        )

    def check(self) -> None:
        """Assert that nothing is negative and no more is promised than is there."""
        assert 0 <= self.reserved <= self.collateral, self
        assert self.pending_collateral >= 0, self
        assert all(size > 0 for size in self.tokens.values()), self
        assert all(size > 0 for size in self.pending_tokens.values()), self
        assert all(self.free_tokens(token) >= 0 for token in self.reserved_tokens), self


def shift(balances: dict[str, int], token_id: str, by: int) -> None:
    """Change one balance; it may not become negative, and a zero balance is left out."""
    after = balances.get(token_id, 0) + by
    assert after >= 0, (token_id, by, after)
    if after:
        balances[token_id] = after
    else:
        balances.pop(token_id, None)
