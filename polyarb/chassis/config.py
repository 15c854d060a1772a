"""Settings: read once at start from the environment and `.env`, every fault reported at once."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from polyarb.core.errors import ConfigError
from polyarb.core.money import format_decimal, parse_micros


def _micros_between(low: int, high: int) -> BeforeValidator:
    def parse(value: object) -> int:
        try:
            micros = parse_micros(str(value).strip())
        except ValueError as e:
            raise ValueError(f"must be a decimal number, {_range(low, high)} ({e})") from e
        if not low <= micros <= high:
            raise ValueError(f"must be {_range(low, high)}, got {format_decimal(micros)}")
        return micros

    return BeforeValidator(parse)


def _range(low: int, high: int) -> str:
    return f"from {format_decimal(low)} to {format_decimal(high)}"


Fraction = Annotated[int, _micros_between(0, 1_000_000)]
"""A share between 0 and 1, kept in micros."""

Amount = Annotated[int, _micros_between(0, 10**15)]
"""Collateral from 0 to 1,000,000,000, kept in micros."""

Port = Annotated[int, Field(ge=0, le=65535)]
"""A TCP port; 0 lets the system choose."""

Seconds = Annotated[float, Field(gt=0, le=86_400)]
"""A duration up to a day."""

LogFolder = Annotated[str, AfterValidator(lambda folder: "" if folder == "none" else folder)]
"""A folder, or "none": an empty variable counts as not set and gives the default."""

S = TypeVar("S", bound="Settings")

_LIMITS = ("ge", "gt", "le", "lt")


class Settings(BaseSettings):
    """What every process reads. Field aliases are the names of the environment variables."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,  # an error's text, and so its traceback, must not hold a secret
        validate_default=False,  # defaults of money are micros already, not decimal text
    )

    log_level: Literal["TRACE", "DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL"] = Field(
        "INFO", alias="LOG_LEVEL", description="Least severe level that is logged."
    )
    log_format: Literal["console", "json"] = Field(
        "console", alias="POLYARB_LOG_FORMAT", description="Lines for people, or JSON records."
    )
    log_folder: LogFolder = Field(
        "./logs", alias="POLYARB_LOG_FOLDER", description="Rotated log files; none for no files."
    )
    host: str = Field(
        "127.0.0.1", alias="POLYARB_HOST", description="Address that gRPC and metrics listen on."
    )
    venue: Literal["simulated", "polymarket"] = Field(
        "simulated", alias="POLYARB_VENUE", description="Where to trade."
    )
    mode: Literal["paper", "live"] = Field(
        "paper", alias="POLYARB_MODE", description="Whether real money moves."
    )
    simulator_host: str = Field(
        "127.0.0.1", alias="POLYARB_SIMULATOR_HOST", description="Where the simulated venue runs."
    )
    simulator_port: Port = Field(
        8790, alias="POLYARB_SIMULATOR_PORT", description="The simulated venue's port."
    )
    rpc_url: str = Field(
        "",
        alias="POLYARB_RPC_URL",
        description="Polygon JSON-RPC for reads of the chain; empty: events are never exhaustive.",
    )
    otlp_endpoint: str = Field(
        "", alias="OTEL_EXPORTER_OTLP_ENDPOINT", description="Where traces go; empty for nowhere."
    )
    newsapi_key: SecretStr | None = Field(
        None, alias="NEWSAPI_KEY", description="Accepted for later features; unused."
    )
    twitter_bearer_token: SecretStr | None = Field(
        None, alias="TWITTER_BEARER_TOKEN", description="Accepted for later features; unused."
    )

    @model_validator(mode="before")
    @classmethod
    def _secrets_from_files(cls, values: object) -> object:
        """Take NAME from the file that NAME_FILE points at, for every secret field."""
        if not isinstance(values, dict):
            return values
        for field in cls.model_fields.values():
            name = field.alias
            secret = SecretStr in getattr(field.annotation, "__args__", (field.annotation,))
            path = values.get(f"{name}_FILE") or os.environ.get(f"{name}_FILE")
            if name and secret and path and name not in values:
                values[name] = _secret_in(Path(path))
        return values

    @field_validator("*", mode="before")
    @classmethod
    def _secret_was_readable(cls, value: object, info: ValidationInfo) -> object:
        """Report an unreadable file like any other fault, so that the others are reported too."""
        if isinstance(value, OSError):
            name = cls.model_fields[info.field_name or ""].alias
            fault = f"cannot read the file that {name}_FILE names ({value.strerror})"
            raise ValueError(fault)  # noqa: TRY004 - the kind that pydantic collects
        return value

    @field_validator("mode")
    @classmethod
    def _simulated_has_no_live_mode(cls, mode: str, info: ValidationInfo) -> str:
        if mode == "live" and info.data.get("venue") == "simulated":
            raise ValueError("the simulated venue has no live mode; accepted there: paper")
        return mode


def _secret_in(path: Path) -> str | OSError:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as e:
        return e


def load(kind: type[S], overrides: Mapping[str, Any] | None = None) -> S:
    """Return validated settings. Raises ConfigError with one line per fault."""
    try:
        return kind(**dict(overrides or {}))
    except ValidationError as e:
        raise ConfigError(faults(kind, e)) from e


def faults(kind: type[Settings], error: ValidationError) -> list[str]:
    """Return one line per fault, each naming the variable and what it accepts; never a secret."""
    ranges = {field.alias: _bounds(field.metadata) for field in kind.model_fields.values()}
    lines = []
    for item in error.errors():
        name = ".".join(str(part) for part in item["loc"])
        text = item["msg"].removeprefix("Value error, ")
        if item["type"].startswith(("greater_than", "less_than")):
            text = f"must be {ranges[name]}, got {item['input']}"
        lines.append(f"{name}: {text}" if name else text)
    return lines


def _bounds(metadata: list[Any]) -> str:
    """Return a number's range for people: "from 1 to 1000", "above 0 and up to 86400"."""
    limits = {name: getattr(m, name) for m in metadata for name in _LIMITS if hasattr(m, name)}
    low = f"from {limits['ge']}" if "ge" in limits else f"above {limits.get('gt')}"
    high = f"to {limits['le']}" if "ge" in limits else f"and up to {limits.get('le')}"
    return f"{low} {high}"


def describe(settings: Settings) -> str:
    """Return every setting as NAME=value on one line, secrets masked."""
    return " ".join(
        f"{field.alias}={getattr(settings, name)}"
        for name, field in type(settings).model_fields.items()
    )
