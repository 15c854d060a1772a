"""Settings of risk."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from polyarb.chassis.config import Amount, Fraction, Port, Seconds, Settings


def _auto_or_number(value: object) -> float | str:
    text = str(value).strip().lower()
    if text == "auto":
        return "auto"
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f'must be "auto" or a number above 0 and up to 1, got {text!r}') from None
    if not 0 < number <= 1:
        raise ValueError(f'must be "auto" or a number above 0 and up to 1, got {text}')
    return number


LossFraction = Annotated[float | Literal["auto"], BeforeValidator(_auto_or_number)]


class RiskSettings(Settings):
    """What risk reads from the environment."""

    grpc_port: Port = Field(50052, alias="POLYARB_RISK_PORT", description="gRPC port.")
    metrics_port: Port = Field(
        9102, alias="POLYARB_RISK_METRICS_PORT", description="Prometheus port."
    )
    scanner_addresses: str = Field(
        "127.0.0.1:50051",
        alias="POLYARB_SCANNER_ADDRESS",
        description="Scanners to watch, separated by commas.",
    )
    executor_address: str = Field(
        "127.0.0.1:50053", alias="POLYARB_EXECUTOR_ADDRESS", description="The executor."
    )
    ledger_address: str = Field(
        "127.0.0.1:50054", alias="POLYARB_LEDGER_ADDRESS", description="The ledger."
    )
    min_profit: Fraction = Field(
        20_000,
        alias="TRADING_MIN_PROFIT_THRESHOLD",
        description="Least guaranteed profit after fees, as a fraction of one set's face.",
    )
    min_discrepancy: Fraction = Field(
        30_000,
        alias="ARBITRAGE_MIN_DISCREPANCY",
        description="Least gross edge before fees, as a fraction of one set's face.",
    )
    max_position: Amount = Field(
        1_000_000_000, alias="TRADING_MAX_POSITION_SIZE", description="Most that one basket costs."
    )
    max_daily_loss: Amount = Field(
        100_000_000,
        alias="TRADING_MAX_DAILY_LOSS",
        description="Loss of a UTC day, worst case of open baskets included, that stops trading.",
    )
    max_open_positions: int = Field(
        10, alias="TRADING_MAX_OPEN_POSITIONS", ge=1, le=1000, description="Open baskets."
    )
    slippage_tolerance: Fraction = Field(
        10_000,
        alias="TRADING_SLIPPAGE_TOLERANCE",
        description="Worst extra price when a broken basket is completed or unwound.",
    )
    min_confidence: float = Field(
        0.0,
        alias="TRADING_MIN_CONFIDENCE",
        ge=0,
        le=1,
        description="Least probability that all legs fill; without a record, share of fresh books.",
    )
    kelly_multiplier: float = Field(
        0.5, alias="TRADING_KELLY_MULTIPLIER", gt=0, le=1, description="Share of full Kelly staked."
    )
    kelly_max_fraction: float = Field(
        0.25, alias="TRADING_KELLY_MAX_FRACTION", gt=0, le=1, description="Most of capital staked."
    )
    kelly_loss_fraction: LossFraction = Field(
        "auto",
        alias="TRADING_KELLY_LOSS_FRACTION",
        description="Share of the stake lost on failure; auto reads it from the books.",
    )
    max_spread: float = Field(
        0.75,
        alias="POLYARB_MAX_SPREAD",
        gt=0,
        le=1,
        description="Widest spread of a leg's book, as a fraction of its ask.",
    )
    hurdle_rate: float = Field(
        0.04,
        alias="POLYARB_HURDLE_RATE",
        ge=0,
        le=1,
        description="Least return a year of what pays at resolution only; 0.04 is 4 %.",
    )
    bankroll: Amount = Field(
        0, alias="POLYARB_BANKROLL", description="Most capital to count on; 0 for all there is."
    )
    exploration_budget: Amount = Field(
        20_000_000,
        alias="POLYARB_EXPLORATION_BUDGET",
        description="Worst-case loss a day of baskets without history; live mode only.",
    )
    max_tail_loss: Amount | None = Field(
        None,
        alias="POLYARB_MAX_TAIL_LOSS",
        description="Most lost in an abnormal outcome; default 10 % of the position size.",
    )
    opportunity_age_s_max: Seconds = Field(
        2.0, alias="POLYARB_OPPORTUNITY_AGE_MAX", description="Older opportunities are refused."
    )
    book_age_s_max: Seconds = Field(
        15,
        alias="POLYARB_BOOK_AGE_MAX",
        description="Older books lower the confidence, in seconds.",
    )
    entry_s_max: Seconds = Field(
        1.0,
        alias="POLYARB_ENTRY_DEADLINE",
        description="Orders leave within this time of approval.",
    )
    dry_run: bool = Field(
        default=False, alias="POLYARB_DRY_RUN", description="Decide, but approve nothing."
    )
    halt_file: str = Field(
        "", alias="POLYARB_HALT_FILE", description="Nothing is approved while this file exists."
    )
