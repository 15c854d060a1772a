"""Settings of the executor."""

from typing import Self

from pydantic import Field, model_validator

from polyarb.chassis.config import Port
from polyarb.core.errors import ConfigError
from polyarb.venues.polymarket.config import WalletSettings


class ExecutorSettings(WalletSettings):
    """What the executor reads from the environment."""

    grpc_port: Port = Field(50053, alias="POLYARB_EXECUTOR_PORT", description="gRPC port.")
    metrics_port: Port = Field(
        9103, alias="POLYARB_EXECUTOR_METRICS_PORT", description="Prometheus port."
    )
    ledger_address: str = Field(
        "127.0.0.1:50054", alias="POLYARB_LEDGER_ADDRESS", description="The ledger."
    )

    @model_validator(mode="after")
    def _key_and_wallet_belong_together(self) -> Self:
        try:
            self.wallet()
        except ConfigError as e:
            raise ValueError("; ".join(e.faults)) from None
        return self

    @model_validator(mode="after")
    def _live_needs_a_key(self) -> Self:
        if self.venue == "polymarket" and self.mode == "live" and self.private_key is None:
            raise ValueError("POLYMARKET_PRIVATE_KEY: Private key not configured")
        return self
