"""Whose money is traded, and the clients that act for it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from loguru import logger

from polyarb.core.errors import ConfigError, NotSent, VenueError
from polyarb.venues.polymarket.auth import Credentials, obtain_credentials
from polyarb.venues.polymarket.chain import RelayerKey, RelayerSettlement
from polyarb.venues.polymarket.clob import ClobClient
from polyarb.venues.polymarket.geoblock import live_refusal, read_place
from polyarb.venues.polymarket.sign import Signer
from polyarb.venues.polymarket.transport import new_client
from polyarb.venues.polymarket.urls import VenueUrls, chosen
from polyarb.venues.polymarket.wallet import WalletKind, exposure_of, trading_refusal
from services.executor.config import ExecutorSettings

_RETRY_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The clients of one wallet. renew: gives `orders` other credentials; raises PolyarbError."""

    orders: ClobClient
    settlement: RelayerSettlement
    renew: Callable[[], Awaitable[None]]


def check(settings: ExecutorSettings) -> None:
    """Raise ConfigError where this venue and mode cannot be traded."""
    if refusal := trading_refusal(WalletKind(settings.wallet_kind)):
        raise ConfigError((f"POLYARB_WALLET_KIND: {refusal}",))
    if settings.venue == "simulated":
        return
    if settings.mode == "live" and settings.private_key is None:
        raise ConfigError(("POLYMARKET_PRIVATE_KEY: Private key not configured",))
    raise ConfigError(
        (f"POLYARB_VENUE: {settings.mode} trading on polymarket is not available yet",)
    )


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
    urls, signer, wallet = urls_of(settings), settings.signer(), settings.wallet()
    if settings.mode == "live":
        await admit_place(urls)
    warn_of_exposed_key(settings.private_key_file)
    credentials = await _credentials(urls, signer, now_ns)
    key = settings.relayer_key.get_secret_value() if settings.relayer_key else "paper"
    logger.info(
        "wallet maker={} key={} type={}", wallet.maker, signer.address, wallet.signature_type
    )
    orders = ClobClient(
        urls=urls, signer=signer, wallet=wallet, credentials=credentials, now_ns=now_ns, rng=rng
    )

    async def renew() -> None:
        """Derive the key's credentials again, or create them; asks once."""
        orders.renew(await _asked_credentials(urls, signer, now_ns))

    return Desk(
        orders=orders,
        renew=renew,
        settlement=RelayerSettlement(
            urls=urls,
            signer=signer,
            wallet=wallet,
            relayer_key=RelayerKey(key=key, address=signer.address),
            now_ns=now_ns,
        ),
    )


async def admit_place(urls: VenueUrls) -> None:
    """Return once the venue says that it takes orders from here.

    Asks until it answers. Raises ConfigError where it does not take them.
    """
    http = new_client(urls.geoblock)
    try:
        while True:
            try:
                place = await read_place(http, urls.geoblock)
                break
            except VenueError as e:
                logger.warning("not known yet whether orders are taken from here error={}", e)
                await asyncio.sleep(_RETRY_S)
    finally:
        await http.aclose()
    if refusal := live_refusal(place):
        raise ConfigError((f"POLYARB_MODE: {refusal}",))
    logger.info("the venue takes orders from here place={}", place)


def warn_of_exposed_key(path: str) -> None:
    """Say at the start that others may read the key's file; "" is no file.

    A key from the environment wins over a file, which then need not be there.
    """
    if not path or not Path(path).exists():
        return
    if exposure := exposure_of(Path(path).stat().st_mode):
        logger.warning("the key's file is {} path={}; chmod 600 it", exposure, path)


async def _credentials(urls: VenueUrls, signer: Signer, now_ns: Callable[[], int]) -> Credentials:
    """Ask until the venue answers; a refusal ends the process."""
    while True:
        try:
            return await _asked_credentials(urls, signer, now_ns)
        except NotSent as e:
            logger.warning("no credentials yet error={}", e)
            await asyncio.sleep(_RETRY_S)


async def _asked_credentials(
    urls: VenueUrls, signer: Signer, now_ns: Callable[[], int]
) -> Credentials:
    http = new_client(urls.clob)
    try:
        return await obtain_credentials(http, signer, timestamp_s=now_ns() // 1_000_000_000)
    finally:
        await http.aclose()
