"""Asks the venue and the chain about the wallet. Signs a login and reads; orders nothing."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import httpx
import msgspec

from polyarb.cli.doctor.asking import answered, get
from polyarb.cli.doctor.facts import (
    AccountFacts,
    Approval,
    ChainFacts,
    Login,
    NotAsked,
    Unread,
)
from polyarb.core.errors import NotSent
from polyarb.core.order import Wallet
from polyarb.venues.polymarket import rpc
from polyarb.venues.polymarket.auth import Credentials, existing_credentials
from polyarb.venues.polymarket.contracts import OPERATORS
from polyarb.venues.polymarket.rpc import ChainReader
from polyarb.venues.polymarket.sign import Signer
from polyarb.venues.polymarket.transport import new_client
from polyarb.venues.polymarket.urls import VenueUrls

_SECOND_NS: Final = 1_000_000_000


class Account:
    """The private reads of one key."""

    def __init__(
        self, urls: VenueUrls, signer: Signer, wallet: Wallet, *, now_ns: Callable[[], int]
    ) -> None:
        self._urls = urls
        self._signer = signer
        self._wallet = wallet
        self._now_ns = now_ns

    async def read(self) -> AccountFacts:
        """Return what the venue says of the wallet."""
        async with new_client(self._urls.clob) as http:
            found = await answered(self._existing(http))
            if not isinstance(found, Credentials):
                reason = NotAsked("needs API credentials")
                return AccountFacts(
                    login=found, closed_only=reason, collateral=reason, allowances=reason
                )
            login = await answered(self._login(http, found))
            async with asyncio.TaskGroup() as group:
                closed = group.create_task(answered(self._closed_only(http, found)))
                funds = group.create_task(answered(self._funds(http, found)))
        held = funds.result()
        return AccountFacts(
            login=login,
            closed_only=closed.result(),
            collateral=held if isinstance(held, Unread) else held[0],
            allowances=held if isinstance(held, Unread) else held[1],
        )

    async def _existing(self, http: httpx.AsyncClient) -> Credentials | None:
        now_s = self._now_ns() // _SECOND_NS
        return await existing_credentials(http, self._signer, timestamp_s=now_s)

    async def _login(self, http: httpx.AsyncClient, credentials: Credentials) -> Login:
        path = "/auth/api-keys"
        said = await get(http, path, _Keys, headers=self._headers(credentials, path))
        return Login(key=credentials.key, known=credentials.key in said.apiKeys)

    async def _closed_only(self, http: httpx.AsyncClient, credentials: Credentials) -> bool:
        path = "/auth/ban-status/closed-only"
        said = await get(http, path, _Standing, headers=self._headers(credentials, path))
        return said.closed_only

    async def _funds(
        self, http: httpx.AsyncClient, credentials: Credentials
    ) -> tuple[int, Mapping[str, int]]:
        path = "/balance-allowance"
        kind = str(self._wallet.signature_type)
        params = {"asset_type": "COLLATERAL", "signature_type": kind}
        headers = self._headers(credentials, path)
        said = await get(http, path, _Funds, headers=headers, params=params)
        allowances = {at.lower(): _micros(value) for at, value in said.allowances.items()}
        return _micros(said.balance), allowances

    def _headers(self, credentials: Credentials, path: str) -> dict[str, str]:
        return credentials.headers(
            self._signer.address,
            timestamp_s=self._now_ns() // _SECOND_NS,
            method="GET",
            path=path,
        )


def no_account(reason: str) -> AccountFacts:
    """Return the facts of a wallet that nobody was asked about."""
    fact = NotAsked(reason)
    return AccountFacts(login=fact, closed_only=fact, collateral=fact, allowances=fact)


async def read_chain(url: str, maker: str) -> ChainFacts:
    """Return what the node at `url` says. maker: "" for a node without a wallet to look at."""
    async with new_client(url) as http:
        node = ChainReader(http, url)
        chain_id = await answered(node.chain_id())
        no_wallet = NotAsked("needs a usable key and wallet")
        if isinstance(chain_id, Unread):
            silent = Unread("the node does not answer")
            return ChainFacts(chain_id=chain_id, collateral=silent, approvals=silent)
        if not maker:
            return ChainFacts(chain_id=chain_id, collateral=no_wallet, approvals=no_wallet)
        async with asyncio.TaskGroup() as group:
            held = group.create_task(answered(rpc.collateral_of(node, maker)))
            approvals = group.create_task(answered(_approvals(node, maker)))
    return ChainFacts(chain_id=chain_id, collateral=held.result(), approvals=approvals.result())


def no_chain(reason: str) -> ChainFacts:
    """Return the facts where no node was asked."""
    fact = NotAsked(reason)
    return ChainFacts(chain_id=fact, collateral=fact, approvals=fact)


async def _approvals(node: ChainReader, maker: str) -> tuple[Approval, ...]:
    return tuple(
        [
            Approval(
                operator=name,
                collateral=await rpc.collateral_allowance(node, owner=maker, operator=at),
                outcome_tokens=await rpc.tokens_approved(node, owner=maker, operator=at),
            )
            for name, at in OPERATORS.items()
        ]
    )


def _micros(text: str | int) -> int:
    written = str(text)
    if not (written.isascii() and written.isdigit()):
        raise NotSent("/balance-allowance: not whole micros")
    return int(written)


class _Keys(msgspec.Struct):
    apiKeys: list[str]  # noqa: N815 - the venue's spelling


class _Standing(msgspec.Struct):
    closed_only: bool


class _Funds(msgspec.Struct):
    balance: str | int
    allowances: dict[str, str | int] = {}
