"""The venue's order entry: what is sent is signed once, sent once, and never guessed at."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

import httpx
import msgspec

from polyarb.core.errors import BadInput, NotSent, VenueError
from polyarb.core.money import Collateral, Size
from polyarb.core.order import (
    BATCH_MAX,
    Fill,
    OrderRequest,
    OrderStatus,
    PostResult,
    Wallet,
)
from polyarb.venues.base import Balances, Purpose, UserUpdate
from polyarb.venues.polymarket.answers import decoded, done_json, printable, read_json
from polyarb.venues.polymarket.auth import Credentials
from polyarb.venues.polymarket.bodies import decode_posts, encode_posts, request_of
from polyarb.venues.polymarket.limits import (
    STANDARD_CANCELS,
    STANDARD_ORDERS,
    BucketLimits,
    TokenBucket,
)
from polyarb.venues.polymarket.outcomes import batch_results, not_sent, single_result
from polyarb.venues.polymarket.records import (
    Identity,
    OrderRecord,
    TradeRecord,
    fills_of,
    order_status,
)
from polyarb.venues.polymarket.sign import Signer, order_hash
from polyarb.venues.polymarket.transport import Answer, Lost, exchange, new_client
from polyarb.venues.polymarket.urls import VenueUrls
from polyarb.venues.polymarket.user import user_updates

_SECOND_NS: Final = 1_000_000_000
_CANCEL_MAX: Final = 100
_TRADES: Final = "/data/trades"
_PAGES_MAX: Final = 1_000
_BALANCE: Final = "/balance-allowance"
_LAST_PAGE: Final = "LTE="
_BALANCES_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ClobSettings:
    """Deadlines in seconds, and the buckets of our tier."""

    post_deadline_s: float = 5.0
    read_deadline_s: float = 10.0
    beat_deadline_s: float = 2.5
    orders: BucketLimits = field(default=STANDARD_ORDERS)
    cancels: BucketLimits = field(default=STANDARD_CANCELS)


class ClobClient:
    """OrderEntry of the venue for one wallet.

    Every call is one request with a deadline; none is repeated by itself.
    """

    def __init__(
        self,
        *,
        urls: VenueUrls,
        signer: Signer,
        wallet: Wallet,
        credentials: Credentials,
        now_ns: Callable[[], int],
        rng: Random,
        settings: ClobSettings | None = None,
    ) -> None:
        self._urls = urls
        self._signer = signer
        self._wallet = wallet
        self._credentials = credentials
        self._now_ns = now_ns
        self._rng = rng
        self._settings = settings or ClobSettings()
        self._identity = Identity(api_key=credentials.key, maker=wallet.maker)
        self._orders = TokenBucket(self._settings.orders)
        self._cancels = TokenBucket(self._settings.cancels)
        self._http: httpx.AsyncClient = new_client(urls.clob)

    @property
    def wallet(self) -> Wallet:
        """Return whose money is traded."""
        return self._wallet

    def renew(self, credentials: Credentials) -> None:
        """Use other credentials from the next request on, and from the next `user_updates`."""
        self._credentials = credentials
        self._identity = Identity(api_key=credentials.key, maker=self._wallet.maker)

    def order_id(self, request: OrderRequest) -> str:
        """Return the id that the venue will give this order: the hash of what is signed."""
        return order_hash(request)

    async def post(
        self, requests: Sequence[OrderRequest], *, purpose: Purpose = Purpose.ENTRY
    ) -> tuple[PostResult, ...]:
        """Send 1..15 orders in one request; one result each, in order.

        Orders that our rate limit does not admit are NOT_SENT; the last tokens are for remedies.
        """
        assert 1 <= len(requests) <= BATCH_MAX, len(requests)
        order_ids = [order_hash(r) for r in requests]
        now_ns = self._now_ns()
        if not self._orders.take(len(requests), purpose=purpose, now_ns=now_ns):
            return not_sent(order_ids, "our own rate limit")
        body = self._signed_body(requests, order_ids)
        path = "/order" if len(requests) == 1 else "/orders"
        answer = await self._send("POST", path, body, self._settings.post_deadline_s)
        if len(requests) == 1:
            results: tuple[PostResult, ...] = (single_result(answer, order_ids[0]),)
        else:
            results = batch_results(answer, order_ids)
        self._heed(answer, results)
        return results

    def _signed_body(self, requests: Sequence[OrderRequest], order_ids: Sequence[str]) -> bytes:
        """Return the bytes to send, after reading back that they ask for what was planned."""
        for request in requests:
            assert request.maker.lower() == self._wallet.maker.lower(), "not this wallet's money"
            assert request.signature_type == self._wallet.signature_type, request.signature_type
        signatures = [self._signer.sign_order(r) for r in requests]
        body = encode_posts(requests, signatures=signatures, owner=self._credentials.key)
        for post, request, planned in zip(decode_posts(body), requests, order_ids, strict=True):
            written = request_of(post, neg_risk=request.neg_risk)
            assert order_hash(written) == planned, "the body is not the plan"
            assert written.time_in_force is request.time_in_force, request.time_in_force
            assert written.expiration_s == request.expiration_s, request.expiration_s
        return body

    def _heed(self, answer: Answer | Lost, results: Sequence[PostResult]) -> None:
        """Stop sending while the venue says that it is too much."""
        if isinstance(answer, Answer) and answer.status == 429:
            wait_s = max(r.halted_for_s for r in results)
            self._orders.close(until_ns=self._now_ns() + wait_s * _SECOND_NS)

    async def cancel(self, order_ids: Sequence[str]) -> tuple[str, ...]:
        """Cancel resting orders; returns the ids that the venue says are cancelled.

        Raises VenueError if nothing was cancelled for sure; ids left out are in doubt.
        """
        cancelled: list[str] = []
        for start in range(0, len(order_ids), _CANCEL_MAX):
            part = order_ids[start : start + _CANCEL_MAX]
            try:
                cancelled.extend(await self._cancel(part))
            except VenueError:
                if not cancelled:
                    raise
                break
        return tuple(cancelled)

    async def _cancel(self, order_ids: Sequence[str]) -> list[str]:
        if not self._cancels.take(len(order_ids), purpose=Purpose.REMEDY, now_ns=self._now_ns()):
            raise NotSent("cancel: our own rate limit")
        one = len(order_ids) == 1
        path, wish = ("/order", {"orderID": order_ids[0]}) if one else ("/orders", list(order_ids))
        body = msgspec.json.encode(wish)
        answer = await self._send("DELETE", path, body, self._settings.post_deadline_s)
        said = set(done_json(answer, "cancel", _Cancelled).canceled)
        return [i for i in order_ids if i in said]

    async def open_order(self, order_id: str) -> OrderStatus | None:
        """Return the state of an order that is still open, None if it is not open."""
        path = f"/data/order/{order_id}"
        answer = await self._ask(path)
        if isinstance(answer, Answer) and _is_nothing(answer):
            return None
        record = read_json(answer, path, OrderRecord)
        try:
            return order_status(record.status or "LIVE")
        except BadInput as error:
            raise NotSent(f"{path}: {error}") from None

    async def fills(self, condition_ids: Sequence[str]) -> tuple[Fill, ...]:
        """Return every fill of ours in these markets, both roles, as far back as they are kept.

        Asked by market, because a maker's fill may be in the token that the taker did not trade.
        """
        found: list[Fill] = []
        for condition_id in condition_ids:
            for record in await self._trades(condition_id):
                try:
                    found.extend(fills_of(record, self._identity))
                except BadInput as error:
                    raise NotSent(f"trade {printable(record.id)}: {error}") from None
        return tuple(found)

    async def _trades(self, condition_id: str) -> list[TradeRecord]:
        records: list[TradeRecord] = []
        params = {"market": condition_id}
        for _ in range(_PAGES_MAX):
            page = read_json(await self._ask(_TRADES, params), _TRADES, _TradesPage)
            records.extend(page.data)
            if page.next_cursor in {None, "", _LAST_PAGE, params.get("next_cursor")}:
                return records
            params["next_cursor"] = str(page.next_cursor)
        raise NotSent(f"{_TRADES}: the pages never end")

    def user_updates(self) -> AsyncGenerator[UserUpdate, None]:
        """Yield our own order and fill updates for ever, reconnecting by itself.

        Closing the generator closes the connection.
        """
        return user_updates(
            self._urls.user_ws,
            credentials=self._credentials,
            identity=self._identity,
            rng=self._rng,
        )

    async def balances(self, token_ids: Sequence[str]) -> Balances:
        """Return settled balances of collateral and of these tokens."""
        collateral = await self._balance({"asset_type": "COLLATERAL"})
        tokens: dict[str, Size] = {}
        for start in range(0, len(token_ids), _BALANCES_AT_ONCE):
            part = token_ids[start : start + _BALANCES_AT_ONCE]
            for token_id, size in zip(part, await self._token_balances(part), strict=True):
                if size:
                    tokens[token_id] = Size(size)
        return Balances(collateral=Collateral(collateral), tokens=tokens)

    async def _token_balances(self, token_ids: Sequence[str]) -> list[int]:
        asked = [{"asset_type": "CONDITIONAL", "token_id": t} for t in token_ids]
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._balance(params)) for params in asked]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        return [task.result() for task in tasks]

    async def _balance(self, params: dict[str, str]) -> int:
        kind = {"signature_type": str(self._wallet.signature_type)}
        answer = await self._ask(_BALANCE, params | kind)
        text = str(read_json(answer, _BALANCE, _Balance).balance)
        if not (text.isascii() and text.isdigit()):
            raise NotSent(f"{_BALANCE}: not whole micros: {printable(text)!r}")
        return int(text)

    async def clock_skew_ms(self) -> int:
        """Return how far our clock is ahead of the venue's (negative: behind), at least.

        The venue tells whole seconds; 0 means that no skew can be shown.
        """
        before = self._now_ns()
        answer = await exchange(
            self._http, "GET", "/time", deadline_s=self._settings.read_deadline_s
        )
        after = self._now_ns()
        told = read_json(answer, "/time", int)
        if before >= (told + 1) * _SECOND_NS:
            return (before - (told + 1) * _SECOND_NS) // 1_000_000
        return min(after - told * _SECOND_NS, 0) // 1_000_000

    async def heartbeat(self, heartbeat_id: str) -> str:
        """Send one beat of the dead-man switch; returns the id that the next beat must carry.

        Start with "". Once begun, the venue cancels our orders when no beat comes for 10 s.
        """
        answer = await self._beat(heartbeat_id)
        if isinstance(answer, Answer) and answer.status == 400:
            said = decoded(answer.body)
            expected = said.get("heartbeat_id") if isinstance(said, dict) else None
            if isinstance(expected, str) and expected != heartbeat_id:
                answer = await self._beat(expected)
        return done_json(answer, "heartbeat", _Heartbeat).heartbeat_id

    async def _beat(self, heartbeat_id: str) -> Answer | Lost:
        body = msgspec.json.encode({"heartbeat_id": heartbeat_id})
        return await self._send("POST", "/v1/heartbeats", body, self._settings.beat_deadline_s)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def _send(self, method: str, path: str, body: bytes, deadline_s: float) -> Answer | Lost:
        headers = self._headers(method, path, body)
        return await exchange(
            self._http, method, path, headers=headers, body=body, deadline_s=deadline_s
        )

    async def _ask(self, path: str, params: dict[str, str] | None = None) -> Answer | Lost:
        return await exchange(
            self._http,
            "GET",
            path,
            headers=self._headers("GET", path),
            params=params,
            deadline_s=self._settings.read_deadline_s,
        )

    def _headers(self, method: str, path: str, body: bytes = b"") -> dict[str, str]:
        return self._credentials.headers(
            self._signer.address,
            timestamp_s=self._now_ns() // _SECOND_NS,
            method=method,
            path=path,
            body=body,
        )


class _Cancelled(msgspec.Struct):
    canceled: list[str]


class _TradesPage(msgspec.Struct):
    data: list[TradeRecord]
    next_cursor: str | None = None


class _Balance(msgspec.Struct):
    balance: str | int


class _Heartbeat(msgspec.Struct):
    heartbeat_id: str


def _is_nothing(answer: Answer) -> bool:
    """Return whether the venue knows no open order of that id; it says so in several ways."""
    return answer.status == 404 or answer.body.strip() in {b"", b"null", b"{}", b'""'}
