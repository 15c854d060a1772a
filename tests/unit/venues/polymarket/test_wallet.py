"""Which combinations of key, wallet and signature type are taken."""

import pytest
from polymarket._internal.wallet import derive_uups_deposit_wallet_address
from polymarket.environments import PRODUCTION

from polyarb.core.errors import ConfigError
from polyarb.core.order import Wallet
from polyarb.venues.polymarket.contracts import deposit_wallet, early_deposit_wallet
from polyarb.venues.polymarket.sign import Signer
from polyarb.venues.polymarket.wallet import WalletKind, exposure_of, wallet_of

KEY = Signer(bytes(31) + b"\x01").address
OWNED = deposit_wallet(KEY).lower()
EARLY = early_deposit_wallet(KEY).lower()
FOREIGN = "0x" + "Ab" * 20


@pytest.mark.parametrize(
    ("kind", "given", "maker", "signature_type"),
    [
        (WalletKind.DEPOSIT, "", OWNED, 3),
        (WalletKind.DEPOSIT, deposit_wallet(KEY), OWNED, 3),
        (WalletKind.DEPOSIT, EARLY, EARLY, 3),
        (WalletKind.SESSION, FOREIGN, FOREIGN.lower(), 3),
        (WalletKind.EOA, "", KEY.lower(), 0),
        (WalletKind.EOA, KEY, KEY.lower(), 0),
    ],
)
def test_a_sound_combination_gives_the_wallet(
    kind: WalletKind, given: str, maker: str, signature_type: int
) -> None:
    """Maker and signer are the wallet itself, in lowercase, whatever the kind."""
    found = wallet_of(kind, key_address=KEY, wallet_address=given)

    assert found == Wallet(maker=maker, signer=maker, signature_type=signature_type)


@pytest.mark.parametrize(
    ("kind", "given", "accepted"),
    [
        (WalletKind.DEPOSIT, FOREIGN, OWNED),
        (WalletKind.DEPOSIT, KEY, EARLY),
        (WalletKind.DEPOSIT, FOREIGN, "POLYARB_WALLET_KIND=session"),
        (WalletKind.EOA, FOREIGN, KEY.lower()),
        (WalletKind.EOA, OWNED, "empty"),
        (WalletKind.SESSION, "", "got none"),
        (WalletKind.SESSION, OWNED, "does not own"),
        (WalletKind.SESSION, EARLY, "does not own"),
        (WalletKind.SESSION, KEY, "does not own"),
        (WalletKind.DEPOSIT, "0x12", "40 hex digits"),
        (WalletKind.EOA, "mine", "40 hex digits"),
    ],
)
def test_a_wrong_combination_is_refused_with_what_is_accepted(
    kind: WalletKind, given: str, accepted: str
) -> None:
    """The fault names the setting and the values that would do."""
    with pytest.raises(ConfigError) as caught:
        wallet_of(kind, key_address=KEY, wallet_address=given)

    (fault,) = caught.value.faults
    assert fault.startswith("POLYARB_WALLET_ADDRESS: ")
    assert accepted in fault


def test_early_wallet_address_equals_the_official_clients() -> None:
    """Wallets from before the beacon are derived as the official client derives them."""
    theirs = derive_uups_deposit_wallet_address(KEY, PRODUCTION._config.wallet_derivation)

    assert early_deposit_wallet(KEY) == theirs


@pytest.mark.parametrize(
    ("mode", "exposure"),
    [
        (0o100600, ""),
        (0o100400, ""),
        (0o100640, "readable by its group (mode 0640)"),
        (0o100604, "readable by everybody (mode 0604)"),
        (0o100644, "readable by everybody (mode 0644)"),
        (0o100611, ""),
    ],
)
def test_a_key_that_others_may_read_is_noticed(mode: int, exposure: str) -> None:
    """Group and world are told apart; only reading counts."""
    assert exposure_of(mode) == exposure
