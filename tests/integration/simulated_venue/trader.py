"""A wallet that trades at the simulated venue by plain requests: what the tests see is the wire."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import aiohttp
import httpx
import msgspec

from polyarb.core.money import MICROS, Price
from polyarb.core.order import OrderRequest, Side, TimeInForce
from polyarb.venues.polymarket.auth import Credentials, login_headers, obtain_credentials
from polyarb.venues.polymarket.bodies import encode_posts
from polyarb.venues.polymarket.contracts import DEPOSIT_WALLET_FACTORY, deposit_wallet
from polyarb.venues.polymarket.sign import EOA, POLY_1271, Call, Signer, batch_digest, order_hash
from polyarb.venues.simulated.server import SimulatedServer
from polyarb.venues.simulated.world import ListedEvent

BUY = Side.BUY
TOKENS = MICROS
DEPOSIT = 10_000 * MICROS
GTC, FAK, FOK = TimeInForce.GTC, TimeInForce.FAK, TimeInForce.FOK


@dataclass(slots=True)
class Trader:
    """One key with its credentials. signature_type: 0 trades its own money, 3 its wallet's."""

    http: httpx.AsyncClient
    signer: Signer
    credentials: Credentials
    signature_type: int = POLY_1271
    salts: Any = field(default_factory=lambda: count(1))

    @classmethod
    async def log_in(
        cls, http: httpx.AsyncClient, number: int, signature_type: int = POLY_1271
    ) -> "Trader":
        """Return the trader with the private key `number`."""
        signer = Signer(number.to_bytes(32, "big"))
        credentials = await obtain_credentials(http, signer, timestamp_s=int(time.time()))
        return cls(http, signer, credentials, signature_type)

    @property
    def wallet(self) -> str:
        """The address whose money is traded."""
        own = self.signer.address
        return own if self.signature_type == EOA else deposit_wallet(own)

    def request(
        self,
        token: str,
        side: Side,
        price: int,
        size: int,
        tif: TimeInForce = GTC,
        *,
        neg_risk: bool = True,
    ) -> OrderRequest:
        """Return an order; price and size in micros."""
        notional, rest = divmod(price * size, MICROS)
        assert rest == 0, (price, size)
        maker, taker = (notional, size) if side is Side.BUY else (size, notional)
        return OrderRequest(
            token_id=token,
            side=side,
            maker_amount=maker,
            taker_amount=taker,
            limit_price=Price(price),
            time_in_force=tif,
            neg_risk=neg_risk,
            salt=next(self.salts),
            timestamp_ms=1_763_769_600_000,
            maker=self.wallet,
            signer=self.wallet,
            signature_type=self.signature_type,
        )

    def body(self, *requests: OrderRequest) -> bytes:
        """Return the signed body that posts these orders."""
        signatures = [self.signer.sign_order(r) for r in requests]
        return encode_posts(requests, signatures=signatures, owner=self.credentials.key)

    async def post(self, *requests: OrderRequest) -> httpx.Response:
        """Post one order, or several as a batch."""
        path = "/order" if len(requests) == 1 else "/orders"
        return await self.send("POST", path, self.body(*requests))

    async def place(self, request: OrderRequest) -> str:
        """Post one order that must be accepted; returns its id."""
        answer = await self.post(request)
        assert answer.status_code == 200, answer.text
        assert answer.json()["orderID"] == order_hash(request), answer.text
        return order_hash(request)

    async def send(
        self, method: str, path: str, body: bytes = b"", *, params: dict[str, str] | None = None
    ) -> httpx.Response:
        """Send one private request."""
        headers = self.credentials.headers(
            self.signer.address,
            timestamp_s=int(time.time()),
            method=method,
            path=path,
            body=body,
        )
        return await self.http.request(method, path, content=body, headers=headers, params=params)

    async def balance(self, token: str = "") -> int:
        """Return settled micros of collateral, or of a token."""
        asked = {"asset_type": "CONDITIONAL", "token_id": token} if token else {}
        params = {"asset_type": "COLLATERAL", "signature_type": str(self.signature_type)} | asked
        answer = await self.send("GET", "/balance-allowance", params=params)
        return int(answer.json()["balance"])

    async def statement(self) -> dict[str, Any]:
        """Return the exchange's own account of this wallet."""
        answer = await self.http.get("/sim/statement", params={"address": self.wallet})
        made: dict[str, Any] = answer.json()
        return made

    async def submit(self, *calls: Call, nonce: int | None = None) -> httpx.Response:
        """Send calls of the deposit wallet through the relayer."""
        owner = self.signer.address
        params = {"address": owner, "type": "WALLET"}
        told = await self.http.get("/relayer/v1/account/transactions/params", params=params)
        chosen = int(told.json()["nonce"]) if nonce is None else nonce
        deadline_s = int(time.time()) + 600
        digest = batch_digest(self.wallet, nonce=chosen, deadline_s=deadline_s, calls=calls)
        body = {
            "type": "WALLET",
            "from": owner,
            "to": DEPOSIT_WALLET_FACTORY,
            "nonce": str(chosen),
            "signature": "0x" + self.signer.sign_digest(digest).hex(),
            "metadata": "",
            "depositWalletParams": {
                "depositWallet": self.wallet,
                "deadline": str(deadline_s),
                "calls": [
                    {"target": c.target, "value": "0", "data": "0x" + c.data.hex()} for c in calls
                ],
            },
        }
        return await self.http.post(
            "/relayer/submit",
            content=msgspec.json.encode(body),
            headers={"RELAYER_API_KEY": "key", "RELAYER_API_KEY_ADDRESS": owner},
        )

    def login(self, *, timestamp_s: int) -> dict[str, str]:
        """Return wallet-signed headers as of `timestamp_s`."""
        return login_headers(self.signer, timestamp_s=timestamp_s)


def event_of(venue: SimulatedServer, slug: str) -> ListedEvent:
    """Return an event by slug."""
    found = venue.venue.catalogue.event(slug=slug)
    assert found is not None, slug
    return found


async def frames_until(
    socket: aiohttp.ClientWebSocketResponse, wanted: str, *, limit: int = 200
) -> list[dict[str, Any]]:
    """Return frames up to and including the first one that `wanted` occurs in."""
    seen: list[dict[str, Any]] = []
    async with asyncio.timeout(5):
        for _ in range(limit):
            text = await socket.receive_str()
            seen.append(json.loads(text))
            if wanted in text:
                return seen
    raise AssertionError(f"no frame with {wanted} in {seen}")


async def done(http: httpx.AsyncClient, submitted: httpx.Response) -> dict[str, Any]:
    """Return a relayed transaction once it is final."""
    assert submitted.status_code == 200, submitted.text
    path = f"/relayer/v1/account/transactions/{submitted.json()['transactionID']}"
    async with asyncio.timeout(5):
        while True:
            told: dict[str, Any] = (await http.get(path)).json()
            if told["state"] in {"STATE_CONFIRMED", "STATE_FAILED"}:
                return told
            await asyncio.sleep(0.02)


async def settled(trader: Trader, token: str, size: int) -> None:
    """Wait until a trader's settled balance of a token is `size`."""
    async with asyncio.timeout(5):
        while await trader.balance(token) != size:  # noqa: ASYNC110 - the venue cannot tell us
            await asyncio.sleep(0.02)
