"""Wallets: which account of the exchange an API key may trade, opened on first use."""

from collections.abc import Callable
from uuid import UUID

from polyarb.core.money import Collateral
from polyarb.venues.polymarket.contracts import deposit_wallet
from polyarb.venues.polymarket.keccak import keccak
from polyarb.venues.polymarket.sign import EOA, POLY_1271
from polyarb.venues.simulated.auth import KeyRing
from polyarb.venues.simulated.exchange import Exchange
from polyarb.venues.simulated.records import AccountKind

LabelOf = Callable[[str], str]


class Wallets:
    """Every wallet that ever spoke to the venue, and the names that records give accounts.

    An account of the exchange is its wallet's address in lowercase; background traders have a
    plain name instead, and an address made from it. Implements `account_wire.Directory`.
    """

    def __init__(
        self, exchange: Exchange, keys: KeyRing, *, deposit: Collateral, label_of: LabelOf
    ) -> None:
        self._exchange = exchange
        self._keys = keys
        self._deposit = deposit
        self._label_of = label_of
        self._signer_of: dict[str, str] = {}
        self._deposit_wallets: dict[str, str] = {}

    def account(self, signer: str, signature_type: int) -> str | None:
        """Return the wallet that `signer` trades under this type, opening it on first use.

        None for a type that the venue does not serve. The first use brings the starting deposit.
        """
        address = self.address(signer, signature_type)
        if address is not None and address not in self._signer_of:
            self._signer_of[address] = signer
            self._exchange.open_account(address, deposit=self._deposit, kind=AccountKind.TRADER)
        return address

    def address(self, signer: str, signature_type: int) -> str | None:
        """Return a wallet's address in lowercase without opening it; `signer` is in lowercase."""
        if signature_type == EOA:
            return signer
        if signature_type == POLY_1271:
            if signer not in self._deposit_wallets:
                self._deposit_wallets[signer] = deposit_wallet(signer).lower()
            return self._deposit_wallets[signer]
        return None

    def accounts_of(self, signer: str) -> tuple[str, ...]:
        """Return the open wallets of a signer."""
        return tuple(a for a, s in self._signer_of.items() if s == signer)

    def accounts(self) -> tuple[str, ...]:
        """Return every open wallet."""
        return tuple(self._signer_of)

    def is_open(self, account: str) -> bool:
        """Return whether a wallet with this address was ever used."""
        return account in self._signer_of

    def owner_of(self, account: str) -> str:
        """Return the API key that an account trades under."""
        keys = self._keys.keys_of(self._signer_of.get(account, ""))
        return keys[0].key if keys else str(UUID(bytes=keccak(account.encode())[:16], version=4))

    def address_of(self, account: str) -> str:
        """Return the 0x address of an account."""
        return account if account.startswith("0x") else "0x" + keccak(account.encode())[12:].hex()

    def label_of(self, token_id: str) -> str:
        """Return what an outcome token is called."""
        return self._label_of(token_id)
