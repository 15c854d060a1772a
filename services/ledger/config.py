"""Settings of the ledger."""

from typing import Annotated

from pydantic import Field, SecretStr

from polyarb.chassis.config import Port, Seconds, Settings


class LedgerSettings(Settings):
    """What the ledger reads from the environment."""

    grpc_port: Port = Field(50054, alias="POLYARB_LEDGER_PORT", description="gRPC port.")
    metrics_port: Port = Field(
        9104, alias="POLYARB_LEDGER_METRICS_PORT", description="Prometheus port."
    )
    database_url: SecretStr = Field(
        alias="DATABASE_URL", description="Postgres, as postgresql://user:password@host:port/name."
    )
    pool_size: Annotated[int, Field(ge=2, le=64)] = Field(
        8, alias="POLYARB_DATABASE_POOL_SIZE", description="Most connections to Postgres."
    )
    statement_timeout_s: Seconds = Field(
        5, alias="POLYARB_DATABASE_STATEMENT_TIMEOUT", description="Longest statement, in seconds."
    )
    lock_timeout_s: Seconds = Field(
        2, alias="POLYARB_DATABASE_LOCK_TIMEOUT", description="Longest wait for a lock, in seconds."
    )
