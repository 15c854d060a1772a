"""The relayer's routes, under /relayer."""

import re
from typing import Final

import msgspec
from aiohttp import web

from polyarb.venues.polymarket.sign import POLY_1271
from polyarb.venues.simulated.answers import ApiError, reply
from polyarb.venues.simulated.auth import AuthError
from polyarb.venues.simulated.relayer import Submission, SubmitError, Transaction
from polyarb.venues.simulated.venue import Venue
from polyarb.venues.simulated.wire import Json

_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_KEYS: Final = ("RELAYER_API_KEY", "POLY_BUILDER_API_KEY")


class RelayerApi:
    """Handlers of gasless transactions of deposit wallets."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    def routes(self) -> list[web.RouteDef]:
        """Return every route of the relayer."""
        return [
            web.get("/relayer/deployed", self._deployed),
            web.get("/relayer/v1/account/transactions/params", self._params),
            web.post("/relayer/submit", self._submit),
            web.get("/relayer/v1/account/transactions/{transaction_id}", self._transaction),
        ]

    async def _deployed(self, request: web.Request) -> web.Response:
        _address(request)
        return reply({"deployed": True})

    async def _params(self, request: web.Request) -> web.Response:
        owner = _address(request)
        if request.query.get("type") != "WALLET":
            raise ApiError(400, "unsupported transaction type")
        wallet = self._venue.wallets.account(owner, POLY_1271)
        assert wallet is not None, owner
        return reply({"address": owner, "nonce": str(self._venue.relayer.nonce(wallet))})

    async def _submit(self, request: web.Request) -> web.Response:
        submission = msgspec.json.decode(await request.read(), type=Submission)
        _check_key(request, submission)
        try:
            made = self._venue.submit(submission)
        except SubmitError as fault:
            raise ApiError(400, str(fault)) from fault
        return reply(
            {"transactionID": made.transaction_id, "transactionHash": "", "state": made.state.value}
        )

    async def _transaction(self, request: web.Request) -> web.Response:
        made = self._venue.relayer.find(request.match_info["transaction_id"])
        if made is None:
            raise ApiError(404, "transaction not found")
        return reply(_transaction_json(made))


def _address(request: web.Request) -> str:
    address = request.query.get("address", "")
    if not _ADDRESS.fullmatch(address):
        raise ApiError(400, "invalid address")
    return address.lower()


def _check_key(request: web.Request, submission: Submission) -> None:
    """Raise AuthError unless some relayer key came along; a relayer key must be the sender's."""
    if not any(request.headers.get(name) for name in _KEYS):
        raise AuthError("invalid authorization")
    owner = request.headers.get("RELAYER_API_KEY_ADDRESS", submission.sender)
    if owner.lower() != submission.sender.lower():
        raise AuthError("invalid authorization")


def _transaction_json(made: Transaction) -> Json:
    return {
        "transaction_id": made.transaction_id,
        "transaction_hash": made.transaction_hash,
        "state": made.state.value,
        "error_msg": made.error or None,
    }
