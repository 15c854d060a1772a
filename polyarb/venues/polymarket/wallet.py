"""Which wallet a key trades: the accepted combinations of key, wallet and signature type."""

import hashlib
import re
import stat
from enum import Enum
from typing import Final

from polyarb.core.errors import ConfigError
from polyarb.core.order import Wallet
from polyarb.venues.polymarket.contracts import deposit_wallet, early_deposit_wallet
from polyarb.venues.polymarket.sign import EOA, POLY_1271, Signer

_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_OTHERS_READ: Final = stat.S_IRGRP | stat.S_IROTH
_PAPER_KEY: Final = hashlib.sha256(b"polyarb paper wallet").digest()
"""Signs on the simulated venue only, where no key of value is needed. Never fund it."""


class WalletKind(Enum):
    """Whose money a key trades. The venue's older proxy and Safe wallets are not served.

    DEPOSIT: the deposit wallet that the key owns. SESSION: a deposit wallet of somebody else, who
    has authorised the key to trade. EOA: the key's own address, which pays its own gas.
    """

    DEPOSIT = "deposit"
    SESSION = "session"
    EOA = "eoa"


def trading_refusal(kind: WalletKind) -> str:
    """Return why nothing trades from such a wallet yet, "" where it does."""
    if kind is WalletKind.DEPOSIT:
        return ""
    return f"{kind.value} is not available yet; accepted: {WalletKind.DEPOSIT.value}"


def paper_signer() -> Signer:
    """Return the throwaway key of paper trading."""
    return Signer(_PAPER_KEY)


def wallet_of(kind: WalletKind, *, key_address: str, wallet_address: str) -> Wallet:
    """Return maker, signer and signature type of what this key trades.

    wallet_address: as configured, "" for the one that the kind implies. Raises ConfigError, with
    the accepted values, where kind, key and wallet do not belong together.
    """
    given, key = wallet_address.lower(), key_address.lower()
    owned = (deposit_wallet(key_address).lower(), early_deposit_wallet(key_address).lower())
    if given and not _ADDRESS.fullmatch(wallet_address):
        raise _fault(f"expected 0x and 40 hex digits, got {wallet_address!r}")
    if kind is WalletKind.EOA:
        if given not in {"", key}:
            raise _fault(f"accepted for an eoa: empty, or the key's own address {key}; got {given}")
        return Wallet(maker=key, signer=key, signature_type=EOA)
    if kind is WalletKind.DEPOSIT:
        if given not in {"", *owned}:
            raise _fault(
                f"accepted for a deposit wallet: empty, or one that the key {key} owns, "
                f"{owned[0]} or {owned[1]}; got {given} "
                "(a wallet of another owner needs POLYARB_WALLET_KIND=session)"
            )
        maker = given or owned[0]
    else:
        if given in {"", key, *owned}:
            raise _fault(
                f"accepted for a session key: the address of a deposit wallet that the key {key} "
                f"does not own; got {given or 'none'}"
            )
        maker = given
    return Wallet(maker=maker, signer=maker, signature_type=POLY_1271)


def exposure_of(file_mode: int) -> str:
    """Return who else may read a key's file, "" where only its owner may.

    file_mode: the permission bits as `stat` gives them.
    """
    if not file_mode & _OTHERS_READ:
        return ""
    who = "everybody" if file_mode & stat.S_IROTH else "its group"
    return f"readable by {who} (mode {stat.S_IMODE(file_mode):04o})"


def _fault(text: str) -> ConfigError:
    return ConfigError((f"POLYARB_WALLET_ADDRESS: {text}",))
