"""Settings of the operator's command. Those of the services are checked by the services."""

from typing import Final

from pydantic import Field, SecretStr

from polyarb.chassis.config import Port, Settings

EVERYWHERE: Final = {"0.0.0.0", "::", ""}  # noqa: S104 - recognised, not bound


class ClientSettings(Settings):
    """Where the commands find running services."""

    scanner_address: str = Field(
        "127.0.0.1:50051", alias="POLYARB_SCANNER_ADDRESS", description="The scanner."
    )
    risk_address: str = Field(
        "127.0.0.1:50052", alias="POLYARB_RISK_ADDRESS", description="Risk, for halt and resume."
    )
    ledger_address: str = Field(
        "127.0.0.1:50054", alias="POLYARB_LEDGER_ADDRESS", description="The ledger."
    )


class RunSettings(Settings):
    """What `polyarb run` and `polyarb postgres` read for themselves."""

    data_folder: str = Field(
        "./data", alias="POLYARB_DATA_FOLDER", description="Where the embedded Postgres lives."
    )
    database_url: SecretStr | None = Field(
        None, alias="DATABASE_URL", description="A Postgres of your own; default: an embedded one."
    )
    scanner_port: Port = Field(50051, alias="POLYARB_SCANNER_PORT", description="gRPC port.")
    risk_port: Port = Field(50052, alias="POLYARB_RISK_PORT", description="gRPC port.")
    executor_port: Port = Field(50053, alias="POLYARB_EXECUTOR_PORT", description="gRPC port.")
    ledger_port: Port = Field(50054, alias="POLYARB_LEDGER_PORT", description="gRPC port.")
    scanner_metrics_port: Port = Field(
        9101, alias="POLYARB_SCANNER_METRICS_PORT", description="Prometheus port."
    )
    risk_metrics_port: Port = Field(
        9102, alias="POLYARB_RISK_METRICS_PORT", description="Prometheus port."
    )
    executor_metrics_port: Port = Field(
        9103, alias="POLYARB_EXECUTOR_METRICS_PORT", description="Prometheus port."
    )
    ledger_metrics_port: Port = Field(
        9104, alias="POLYARB_LEDGER_METRICS_PORT", description="Prometheus port."
    )

    @property
    def reachable_host(self) -> str:
        """Return the host under which processes on this machine are reached."""
        return "127.0.0.1" if self.host in EVERYWHERE else self.host
