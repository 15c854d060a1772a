"""Requests are authenticated over their exact bytes, and secrets never show."""

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from polyarb.core.errors import BadInput, ConfigError, NotSent, Rejected
from polyarb.venues.polymarket.auth import (
    Credentials,
    existing_credentials,
    login_headers,
    obtain_credentials,
)
from polyarb.venues.polymarket.sign import Signer, auth_digest, recover_signer
from polyarb.venues.polymarket.transport import new_client
from unit.venues.polymarket.desk import Desk, Seen

SECRET = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
CREDENTIALS = Credentials(key="the-key", secret=SECRET, passphrase="the-passphrase")
SIGNER = Signer(bytes(range(1, 33)))
ISSUED = {"apiKey": "the-key", "secret": SECRET, "passphrase": "the-passphrase"}


def test_the_documented_request_is_signed_as_documented() -> None:
    """The reference's worked example comes out as printed there."""
    headers = CREDENTIALS.headers(
        SIGNER.address,
        timestamp_s=1_763_769_600,
        method="DELETE",
        path="/order",
        body=b'{"orderID":"0xabc"}',
    )

    assert headers["POLY_SIGNATURE"] == "kyx738bAyAHMTmBIoHG_FO--rb-O7JikSqE0JdtwC4A="
    assert headers["POLY_API_KEY"] == "the-key"
    assert headers["POLY_TIMESTAMP"] == "1763769600"


def test_golden_request_signatures_are_reproduced(recordings: Path) -> None:
    """Both request signatures of the official clients come out identical."""
    vectors: list[dict[str, Any]] = json.loads((recordings / "golden_vectors.json").read_text())[
        "l2"
    ]

    got = [
        Credentials(key="k", secret=v["secret"], passphrase="p").headers(
            SIGNER.address,
            timestamp_s=v["timestamp"],
            method=v["method"],
            path=v["path"],
            body=v["body"].encode(),
        )["POLY_SIGNATURE"]
        for v in vectors
    ]

    assert len(got) == 2
    assert got == [v["POLY_SIGNATURE"] for v in vectors]


def test_login_headers_prove_the_address() -> None:
    """The address that the headers name is the one that signed them."""
    headers = login_headers(SIGNER, timestamp_s=1_763_769_600, nonce=3)

    digest = auth_digest(headers["POLY_ADDRESS"], timestamp_s=1_763_769_600, nonce=3)
    signature = bytes.fromhex(headers["POLY_SIGNATURE"][2:])
    assert recover_signer(digest, signature) == SIGNER.address
    assert headers["POLY_NONCE"] == "3"


async def obtained(desk: Desk) -> Credentials:
    async with new_client(desk.urls.clob) as http:
        return await obtain_credentials(http, SIGNER, timestamp_s=1_763_769_600)


async def test_existing_credentials_are_derived(desk: Desk) -> None:
    """Where a key exists, nothing is created."""
    desk.answer = lambda _: ISSUED

    credentials = await obtained(desk)

    assert credentials.key == "the-key"
    assert [(s.method, s.path) for s in desk.seen] == [("GET", "/auth/derive-api-key")]


async def test_credentials_are_created_where_there_are_none(desk: Desk) -> None:
    """Derive first, create on failure."""
    desk.answer = lambda s: ISSUED if s.method == "POST" else web.json_response({}, status=400)

    await obtained(desk)

    assert [s.path for s in desk.seen] == ["/auth/derive-api-key", "/auth/api-key"]
    assert desk.seen[1].headers["POLY_ADDRESS"] == SIGNER.address


@pytest.mark.parametrize(
    ("status", "error"), [(401, Rejected), (500, NotSent), (429, NotSent), (403, Rejected)]
)
async def test_a_refused_login_says_whether_to_try_again(
    desk: Desk, status: int, error: type[Exception]
) -> None:
    """A refusal is final, an overloaded venue is not; neither creates a key."""
    desk.answer = lambda _: web.json_response({"error": "no"}, status=status)

    with pytest.raises(error):
        await obtained(desk)
    assert len(desk.seen) == 1


async def test_a_malformed_issue_does_not_quote_its_secret(desk: Desk) -> None:
    """An answer that cannot be read is an error that repeats nothing of it."""

    def answer(_: Seen) -> Any:
        return {"apiKey": 5, "secret": SECRET, "passphrase": "the-passphrase"}

    desk.answer = answer

    with pytest.raises(BadInput) as caught:
        await obtained(desk)
    assert SECRET not in repr(caught.value)
    assert caught.value.__cause__ is None


def test_secrets_never_show() -> None:
    """No way of turning credentials into text yields secret or passphrase."""
    shown = f"{CREDENTIALS} {CREDENTIALS!r} {[CREDENTIALS]} {CREDENTIALS:>60}"

    assert SECRET not in shown
    assert "the-passphrase" not in shown
    assert "the-key" in shown
    with pytest.raises(TypeError):
        pickle.dumps(CREDENTIALS)


@pytest.mark.parametrize("secret", ["", "not base64!", "ÄÖ"])
def test_bad_credentials_are_refused_without_being_quoted(secret: str) -> None:
    """A secret that is none stops the start and is not repeated."""
    with pytest.raises(ConfigError) as caught:
        Credentials(key="k", secret=secret, passphrase="p")

    assert not secret or secret not in str(caught.value)


@pytest.mark.parametrize("status", [400, 404])
async def test_looking_for_credentials_creates_none(desk: Desk, status: int) -> None:
    """A key that has none yet gets no answer, and nothing but the question is sent."""
    desk.answer = lambda _: web.Response(status=status)
    async with new_client(desk.urls.clob) as http:
        found = await existing_credentials(http, SIGNER, timestamp_s=1)

    assert found is None
    assert [(s.method, s.path) for s in desk.seen] == [("GET", "/auth/derive-api-key")]


async def test_refused_credentials_are_not_taken_for_none(desk: Desk) -> None:
    """A clock that is off, for one, gives 401."""
    desk.answer = lambda _: web.Response(status=401)
    async with new_client(desk.urls.clob) as http:
        with pytest.raises(Rejected, match="401"):
            await existing_credentials(http, SIGNER, timestamp_s=1)
