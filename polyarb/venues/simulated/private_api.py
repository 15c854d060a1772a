"""Routes that need a wallet's signature or an API key: keys, orders, account queries, heartbeat."""

from typing import Any, Final

import msgspec
from aiohttp import web

from polyarb.core.errors import BadInput
from polyarb.core.order import BATCH_MAX
from polyarb.venues.polymarket.contracts import (
    BINARY_EXCHANGE,
    COLLATERAL_ADAPTER,
    NEG_RISK_COLLATERAL_ADAPTER,
    NEG_RISK_EXCHANGE,
)
from polyarb.venues.polymarket.sign import auth_digest, recover_signer
from polyarb.venues.simulated import account_wire
from polyarb.venues.simulated.answers import ApiError, cursor_page, refusal, reply
from polyarb.venues.simulated.auth import ApiKey, check_l1, check_l2
from polyarb.venues.simulated.deadman import HeartbeatError
from polyarb.venues.simulated.intake import (
    BAD_PAYLOAD,
    CANCEL_MAX,
    Turned,
    decode_batch,
    decode_one,
)
from polyarb.venues.simulated.records import Placement, Refusal
from polyarb.venues.simulated.venue import Venue
from polyarb.venues.simulated.wire import Json

PAGE: Final = 100
_ALLOWANCE: Final = str(2**256 - 1)
_SPENDERS: Final = (
    BINARY_EXCHANGE,
    NEG_RISK_EXCHANGE,
    COLLATERAL_ADAPTER,
    NEG_RISK_COLLATERAL_ADAPTER,
)
_NOT_CANCELED: Final = "Order not found or already canceled"


class PrivateApi:
    """Handlers of everything that belongs to somebody."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    def routes(self) -> list[web.RouteDef]:
        """Return every private route."""
        return [
            web.post("/auth/api-key", self._create_key),
            web.get("/auth/derive-api-key", self._derive_key),
            web.get("/auth/api-keys", self._keys),
            web.get("/auth/ban-status/closed-only", self._closed_only),
            web.post("/order", self._post_one),
            web.post("/orders", self._post_batch),
            web.delete("/order", self._cancel_one),
            web.delete("/orders", self._cancel_many),
            web.delete("/cancel-all", self._cancel_all),
            web.delete("/cancel-market-orders", self._cancel_market),
            web.get("/data/orders", self._orders),
            web.get("/data/order/{order_id}", self._order),
            web.get("/data/trades", self._trades),
            web.get("/balance-allowance", self._balance),
            web.get("/balance-allowance/update", self._balance_update),
            web.post("/v1/heartbeats", self._heartbeat),
        ]

    async def _create_key(self, request: web.Request) -> web.Response:
        address, nonce = self._wallet_of(request)
        key = self._venue.keys.create(address, nonce)
        if key is None:
            raise ApiError(400, "Could not create api key")
        return reply(_key_json(key))

    async def _derive_key(self, request: web.Request) -> web.Response:
        address, nonce = self._wallet_of(request)
        key = self._venue.keys.derive(address, nonce)
        if key is None:
            raise ApiError(400, "Could not derive api key!")
        return reply(_key_json(key))

    async def _keys(self, request: web.Request) -> web.Response:
        key = await self._caller(request)
        return reply({"apiKeys": [k.key for k in self._venue.keys.keys_of(key.address)]})

    async def _closed_only(self, request: web.Request) -> web.Response:
        await self._caller(request)
        return reply({"closed_only": False})

    async def _post_one(self, request: web.Request) -> web.Response:
        key = await self._caller(request)
        try:
            posted = decode_one(await request.read())
        except msgspec.MsgspecError as fault:
            raise ApiError(400, BAD_PAYLOAD) from fault
        return _lone_answer(self._venue.post(posted, key))

    async def _post_batch(self, request: web.Request) -> web.Response:
        key = await self._caller(request)
        try:
            batch = decode_batch(await request.read())
        except msgspec.MsgspecError as fault:
            raise ApiError(400, BAD_PAYLOAD) from fault
        if not batch:
            raise ApiError(400, BAD_PAYLOAD)
        if len(batch) > BATCH_MAX:
            raise ApiError(
                400, f"Too many orders in payload: {len(batch)}, max allowed: {BATCH_MAX}"
            )
        return reply([_batch_answer(self._venue.post(posted, key)) for posted in batch])

    async def _cancel_one(self, request: web.Request) -> web.Response:
        key = await self._caller(request)
        body = msgspec.json.decode(await request.read())
        order_id = body.get("orderID") if isinstance(body, dict) else None
        if not isinstance(order_id, str) or not order_id:
            raise ApiError(400, "Invalid orderID")
        return self._cancel(key, [order_id])

    async def _cancel_many(self, request: web.Request) -> web.Response:
        key = await self._caller(request)
        body = msgspec.json.decode(await request.read(), type=list[str])
        if len(body) > CANCEL_MAX:
            raise ApiError(400, f"Too many orders in payload, max allowed: {CANCEL_MAX}")
        return self._cancel(key, body)

    async def _cancel_all(self, request: web.Request) -> web.Response:
        key = await self._caller(request)
        done = self._venue.cancel_market(key, condition_id="", token_id="")
        return reply({"canceled": done, "not_canceled": {}})

    async def _cancel_market(self, request: web.Request) -> web.Response:
        key = await self._caller(request)
        body: Any = msgspec.json.decode(await request.read(), type=dict[str, str | None])
        market, token = body.get("market") or "", body.get("asset_id") or ""
        if not market and not token:
            raise ApiError(400, "Invalid payload")
        done = self._venue.cancel_market(key, condition_id=market, token_id=token)
        return reply({"canceled": done, "not_canceled": {}})

    async def _orders(self, request: web.Request) -> web.Response:
        key, query = await self._caller(request), request.query
        rows = [
            account_wire.open_order(order, self._venue.wallets)
            for account in self._venue.wallets.accounts_of(key.address)
            for order in self._venue.exchange.open_orders(account)
            if query.get("market", order.condition_id) == order.condition_id
            and query.get("asset_id", order.token_id) == order.token_id
            and query.get("id", order.order_id) == order.order_id
        ]
        return reply(cursor_page(rows, cursor=query.get("next_cursor", ""), size=PAGE))

    async def _order(self, request: web.Request) -> web.Response:
        key = await self._caller(request)
        order = self._venue.exchange.order(request.match_info["order_id"])
        if order is None or order.account not in self._venue.wallets.accounts_of(key.address):
            return reply(None)
        return reply(account_wire.open_order(order, self._venue.wallets))

    async def _trades(self, request: web.Request) -> web.Response:
        key, query = await self._caller(request), request.query
        wanted = query.get("maker_address", "").lower()
        rows = [
            account_wire.trade_record(trade, account=account, names=self._venue.wallets)
            for account in self._venue.wallets.accounts_of(key.address)
            if wanted in {"", account}
            for trade in self._venue.exchange.trades(
                account,
                condition_id=query.get("market", ""),
                token_id=query.get("asset_id", ""),
                trade_id=query.get("id", ""),
                after_ms=_seconds(query.get("after", "")) or 0,
                before_ms=_seconds(query.get("before", "")),
            )
        ]
        return reply(cursor_page(rows, cursor=query.get("next_cursor", ""), size=PAGE))

    async def _balance(self, request: web.Request) -> web.Response:
        key, query = await self._caller(request), request.query
        signature_type = query.get("signature_type", "0")
        account = (
            self._venue.wallets.account(key.address, int(signature_type))
            if signature_type.isdecimal()
            else None
        )
        if account is None:
            raise ApiError(400, "Invalid signature type")
        token = query.get("token_id", "")
        statement = self._venue.statement(account, token)
        balance: int = statement.collateral
        if query.get("asset_type") == "CONDITIONAL":
            balance = statement.tokens.get(token, 0)
        elif query.get("asset_type") != "COLLATERAL":
            raise ApiError(400, "Invalid asset type")
        allowances = dict.fromkeys(_SPENDERS, _ALLOWANCE)
        return reply({"balance": str(balance), "allowances": allowances})

    async def _balance_update(self, request: web.Request) -> web.Response:
        key = await self._caller(request)
        for account in self._venue.wallets.accounts_of(key.address):
            self._venue.stale.refresh(account)
        return web.Response()

    async def _heartbeat(self, request: web.Request) -> web.Response:
        key = await self._caller(request)
        body = msgspec.json.decode(await request.read())
        sent = body.get("heartbeat_id") if isinstance(body, dict) else None
        try:
            made = self._venue.deadman.beat(key.key, sent or "", now_ms=self._venue.now_ms())
        except HeartbeatError as fault:
            answer = {"error_msg": str(fault), "heartbeat_id": fault.expected}
            return reply(answer, status=400)
        return reply({"heartbeat_id": made})

    def _cancel(self, key: ApiKey, order_ids: list[str]) -> web.Response:
        done, left = self._venue.cancel(key, order_ids)
        return reply({"canceled": done, "not_canceled": dict.fromkeys(left, _NOT_CANCELED)})

    def _wallet_of(self, request: web.Request) -> tuple[str, int]:
        now_s = self._venue.told_s()
        return check_l1(request.headers, now_s=now_s, recover=_recover_l1)

    async def _caller(self, request: web.Request) -> ApiKey:
        """Return the key that signed this request. Raises AuthError."""
        return check_l2(
            request.headers,
            keys=self._venue.keys,
            method=request.method,
            path=request.path,
            body=await request.read(),
            now_s=self._venue.told_s(),
        )


def _recover_l1(address: str, timestamp_s: int, nonce: int, signature: str) -> str | None:
    try:
        digest = auth_digest(address, timestamp_s=timestamp_s, nonce=nonce)
        return recover_signer(digest, bytes.fromhex(signature.removeprefix("0x")))
    except (BadInput, ValueError, OverflowError):
        return None


def _lone_answer(result: Placement | Turned) -> web.Response:
    if isinstance(result, Turned):
        return refusal(result.status, result.error)
    if result.accepted:
        return reply(account_wire.placement_answer(result))
    if result.refusal is Refusal.KILLED:
        return reply({"error": result.error, "orderID": result.order_id}, status=400)
    return refusal(404 if result.refusal is Refusal.NO_BOOK else 400, result.error)


def _batch_answer(result: Placement | Turned) -> Json:
    if isinstance(result, Turned):
        return account_wire.refused_answer(result.error)
    return account_wire.placement_answer(result)


def _key_json(key: ApiKey) -> Json:
    return {"apiKey": key.key, "secret": key.secret, "passphrase": key.passphrase}


def _seconds(text: str) -> int | None:
    """Return a bound in milliseconds, None where none was given."""
    if not text:
        return None
    if not text.isdecimal():
        raise ApiError(400, "Invalid timestamp")
    return int(text) * 1000
