"""Settings of the executor."""

from typing import Self

from pydantic import Field, SecretStr, model_validator

from polyarb.chassis.config import Port, Settings


class ExecutorSettings(Settings):
    """What the executor reads from the environment."""

    grpc_port: Port = Field(50053, alias="POLYARB_EXECUTOR_PORT", description="gRPC port.")
    metrics_port: Port = Field(
        9103, alias="POLYARB_EXECUTOR_METRICS_PORT", description="Prometheus port."
    )
    ledger_address: str = Field(
        "127.0.0.1:50054", alias="POLYARB_LEDGER_ADDRESS", description="The ledger."
    )
    private_key: SecretStr | None = Field(
        None,
        alias="POLYMARKET_PRIVATE_KEY",
        description="Key that signs orders; live mode needs it, the simulated venue does not.",
    )
    relayer_key: SecretStr | None = Field(
        None, alias="POLYMARKET_RELAYER_KEY", description="Relayer API key; live mode only."
    )
    wallet_address: str = Field(
        "",
        alias="POLYARB_WALLET_ADDRESS",
        description="Deposit wallet; empty: the one that belongs to the key.",
    )

    @model_validator(mode="after")
    def _live_needs_a_key(self) -> Self:
        if self.venue == "polymarket" and self.mode == "live" and self.private_key is None:
            raise ValueError("POLYMARKET_PRIVATE_KEY: Private key not configured")
        return self
