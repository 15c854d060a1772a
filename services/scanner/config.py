"""Settings of the scanner."""

from pydantic import Field

from polyarb.chassis.config import Port, Seconds, Settings


class ScannerSettings(Settings):
    """What the scanner reads from the environment."""

    grpc_port: Port = Field(50051, alias="POLYARB_SCANNER_PORT", description="gRPC port.")
    metrics_port: Port = Field(
        9101, alias="POLYARB_SCANNER_METRICS_PORT", description="Prometheus port."
    )
    scan_interval_s: Seconds = Field(
        30, alias="ARBITRAGE_SCAN_INTERVAL", description="Seconds between full sweeps."
    )
    book_age_s_max: Seconds = Field(
        15, alias="POLYARB_BOOK_AGE_MAX", description="Older books are not used, in seconds."
    )
    audit_interval_s: Seconds = Field(
        20, alias="POLYARB_AUDIT_INTERVAL", description="Seconds between comparisons with REST."
    )
    catalogue_interval_s: Seconds = Field(
        300, alias="POLYARB_CATALOGUE_INTERVAL", description="Seconds between listings of events."
    )
    relations_file: str = Field(
        "", alias="POLYARB_RELATIONS_FILE", description="Reviewed relations; empty: those shipped."
    )
    assets_per_link: int = Field(
        200, alias="POLYARB_ASSETS_PER_LINK", ge=2, le=400, description="Tokens on one WebSocket."
    )
    links_per_shard: int = Field(
        2,
        alias="POLYARB_LINKS_PER_SHARD",
        ge=1,
        le=2,
        description="WebSockets that bring the same books; the first copy counts.",
    )
