"""Whose money is traded, and the clients that act for it."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from loguru import logger

from polyarb.core.errors import ConfigError, NotSent
from polyarb.core.order import Wallet
from polyarb.venues.polymarket.auth import Credentials, obtain_credentials
from polyarb.venues.polymarket.chain import RelayerKey, RelayerSettlement
from polyarb.venues.polymarket.clob import ClobClient
from polyarb.venues.polymarket.contracts import deposit_wallet
from polyarb.venues.polymarket.sign import POLY_1271, Signer
from polyarb.venues.polymarket.transport import new_client
from polyarb.venues.polymarket.urls import VenueUrls, chosen
from services.executor.config import ExecutorSettings

_RETRY_S: Final = 1.0
_PAPER_KEY: Final = hashlib.sha256(b"polyarb paper wallet").digest()
"""Signs on the simulated venue only, where no key of value is needed. Never fund it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The clients of one wallet."""

    orders: ClobClient
    settlement: RelayerSettlement


def check(settings: ExecutorSettings) -> None:
    """Raise ConfigError where this venue and mode cannot be traded."""
    if settings.venue == "simulated":
        return
    if settings.mode == "live" and settings.private_key is None:
        raise ConfigError(("POLYMARKET_PRIVATE_KEY: Private key not configured",))
    raise ConfigError(
        (f"POLYARB_VENUE: {settings.mode} trading on polymarket is not available yet",)
    )


def signer_of(settings: ExecutorSettings) -> Signer:
    """Return the configured key, or the throwaway key of paper trading."""
    if settings.private_key is None:
        return Signer(_PAPER_KEY)
    return Signer.from_hex(settings.private_key.get_secret_value())


def urls_of(settings: ExecutorSettings) -> VenueUrls:
    """Return the venue's addresses."""
    return chosen(
        venue=settings.venue,
        simulator_host=settings.simulator_host,
        simulator_port=settings.simulator_port,
        rpc_url=settings.rpc_url,
    )


async def open_desk(settings: ExecutorSettings, *, now_ns: Callable[[], int], rng: Random) -> Desk:
    """Return the wallet's clients, once the venue has given credentials."""
    check(settings)
    urls, signer = urls_of(settings), signer_of(settings)
    maker = (settings.wallet_address or deposit_wallet(signer.address)).lower()
    wallet = Wallet(maker=maker, signer=maker, signature_type=POLY_1271)
    credentials = await _credentials(urls, signer, now_ns)
    key = settings.relayer_key.get_secret_value() if settings.relayer_key else "paper"
    logger.info("wallet maker={} key={}", maker, signer.address)
    return Desk(
        orders=ClobClient(
            urls=urls,
            signer=signer,
            wallet=wallet,
            credentials=credentials,
            now_ns=now_ns,
            rng=rng,
        ),
        settlement=RelayerSettlement(
            urls=urls,
            signer=signer,
            wallet=wallet,
            relayer_key=RelayerKey(key=key, address=signer.address),
            now_ns=now_ns,
        ),
    )


async def _credentials(urls: VenueUrls, signer: Signer, now_ns: Callable[[], int]) -> Credentials:
    """Ask until the venue answers; a refusal ends the process."""
    http = new_client(urls.clob)
    try:
        while True:
            try:
                now_s = now_ns() // 1_000_000_000
                return await obtain_credentials(http, signer, timestamp_s=now_s)
            except NotSent as e:
                logger.warning("no credentials yet error={}", e)
                await asyncio.sleep(_RETRY_S)
    finally:
        await http.aclose()
