"""Settings of a wallet: the key, and what it trades."""

from typing import Literal

from pydantic import Field, SecretStr

from polyarb.chassis.config import Settings
from polyarb.core.errors import ConfigError
from polyarb.core.order import Wallet
from polyarb.venues.polymarket.sign import Signer
from polyarb.venues.polymarket.wallet import WalletKind, paper_signer, wallet_of


class WalletSettings(Settings):
    """Whose money is traded. Read by the executor, and by the command that checks a set-up.

    Whether key and wallet belong together is asked by `wallet`, not when the settings are read.
    """

    private_key: SecretStr | None = Field(
        None,
        alias="POLYMARKET_PRIVATE_KEY",
        description="Key that signs orders; live mode needs it, the simulated venue does not.",
    )
    private_key_file: str = Field(
        "", alias="POLYMARKET_PRIVATE_KEY_FILE", description="File that holds the key."
    )
    relayer_key: SecretStr | None = Field(
        None, alias="POLYMARKET_RELAYER_KEY", description="Relayer API key; live mode only."
    )
    wallet_kind: Literal["deposit", "session", "eoa"] = Field(
        "deposit", alias="POLYARB_WALLET_KIND", description="What the key trades."
    )
    wallet_address: str = Field(
        "",
        alias="POLYARB_WALLET_ADDRESS",
        description="The wallet traded; empty: the one that belongs to the key.",
    )

    def signer(self) -> Signer:
        """Return the configured key, or the throwaway key of paper trading. Raises ConfigError."""
        if self.private_key is None:
            return paper_signer()
        try:
            return Signer.from_hex(self.private_key.get_secret_value())
        except ConfigError:
            fault = (
                "POLYMARKET_PRIVATE_KEY: expected 64 hex digits of a valid key, with or without 0x"
            )
            raise ConfigError((fault,)) from None

    def wallet(self) -> Wallet:
        """Return maker, signer and signature type of the orders. Raises ConfigError."""
        return wallet_of(
            WalletKind(self.wallet_kind),
            key_address=self.signer().address,
            wallet_address=self.wallet_address,
        )
