"""One order from the approved leg to the bytes of its request, beside the venue's older client.

`make bench` prints. Both make amounts of the leg's dollars and limit, sign, serialise and
authenticate; nothing is sent. The contenders take turns in one process, on the thread's own clock.

Ours includes what theirs leaves out: the order's id, and reading the finished body back to prove
that it is the plan. Theirs has its caches warm: version, tick, fee and market are never asked for.
It runs twice: as its package installs, where pure Python signs, and with the C signer that it finds
where we are installed. The target is about the first; the second shows what the signer explains.
"""

import asyncio
import json
from collections.abc import Iterator
from random import Random
from typing import Any, Final

import pytest
from py_clob_client_v2 import (  # type: ignore[import-untyped]
    ApiCreds,
    ClobClient,
    MarketOrderArgs,
    OrderType,
)

from bench.test_solvers import race
from polyarb.core.basket import entry_order
from polyarb.core.book import Level
from polyarb.core.fees import FeeSchedule
from polyarb.core.market import Outcome
from polyarb.core.money import MICROS, Price, Size
from polyarb.core.opportunity import Leg
from polyarb.core.order import Wallet
from polyarb.venues.polymarket import clob
from polyarb.venues.polymarket.auth import Credentials
from polyarb.venues.polymarket.bodies import decode_posts, request_of
from polyarb.venues.polymarket.contracts import CHAIN_ID, address_bytes, deposit_wallet
from polyarb.venues.polymarket.keccak import checksum_address
from polyarb.venues.polymarket.sign import EOA, POLY_1271, Signer, is_signed_by
from polyarb.venues.polymarket.tokens import outcome_tokens
from polyarb.venues.polymarket.urls import VenueUrls

TARGET: Final = 10
OURS: Final = "ours, read back and proved"
THEIRS: Final = "py-clob-client-v2 as it installs"
THEIRS_IN_C: Final = "py-clob-client-v2 with our C signer"
SIGNERS: Final = {THEIRS: "NativeECCBackend", THEIRS_IN_C: "CoinCurveECCBackend"}
NOW_NS: Final = 1_790_000_000_000_000_000
KEY: Final = "0x" + "11" * 32
CONDITION: Final = "0x" + "ab" * 32
YES, NO = outcome_tokens(CONDITION, neg_risk=True)
LOGIN: Final = {"key": "9180014b-33c8-9240-a14b-bdca11c0a465", "secret": "c2VjcmV0" * 5 + "c2Vj"}
LEG: Final = Leg(
    market_index=0,
    condition_id=CONDITION,
    question_id=CONDITION,
    title="Will it?",
    token_id=YES,
    complement_token_id=NO,
    outcome=Outcome.YES,
    neg_risk=True,
    tick_size=Price(10_000),
    min_order_size=Size(5 * MICROS),
    fee=FeeSchedule(40_000),
    fee_read_time_ns=NOW_NS,
    levels=(
        Level(Price(410_000), Size(40 * MICROS)),
        Level(Price(420_000), Size(25 * MICROS)),
    ),
    exit_levels=(),
    depth=Size(65 * MICROS),
    book_version=1,
    book_time_ns=NOW_NS,
)

Request = tuple[dict[str, str], bytes]
"""Headers and body."""


class OlderClient(ClobClient):  # type: ignore[misc] # the package has no types
    """The venue's client up to its transport: questions get a market's answers, posts are kept."""

    sent: Request

    def _get(self, endpoint: str, **_: Any) -> Any:
        """Answer what it asks once and keeps."""
        market = {"condition_id": CONDITION, "t": [{"t": YES}, {"t": NO}], "mts": 0.01, "nr": True}
        return {"version": 2} if endpoint.endswith("/version") else market

    def _post(self, _: str, *, headers: dict[str, str], data: str) -> Any:
        self.sent = (headers, data.encode())
        return {}


@pytest.fixture(params=[EOA, POLY_1271], ids=["bare key", "deposit wallet"])
def wallet(request: pytest.FixtureRequest) -> Wallet:
    """Whose money the leg spends."""
    own = Signer.from_hex(KEY).address.lower()
    address = own if request.param == EOA else deposit_wallet(own).lower()
    return Wallet(maker=address, signer=address, signature_type=request.param)


@pytest.fixture
def ours(wallet: Wallet) -> Iterator[clob.ClobClient]:
    client = clob.ClobClient(
        urls=VenueUrls.local(1),
        signer=Signer.from_hex(KEY),
        wallet=wallet,
        credentials=Credentials(passphrase="p", **LOGIN),
        now_ns=lambda: NOW_NS,
        rng=Random(1),
    )
    yield client
    asyncio.run(client.aclose())


@pytest.fixture
def theirs(wallet: Wallet) -> OlderClient:
    return OlderClient(
        host="http://127.0.0.1:1",
        chain_id=CHAIN_ID,
        key=KEY,
        creds=ApiCreds(LOGIN["key"], LOGIN["secret"], "p"),
        signature_type=wallet.signature_type,
        funder=checksum_address(address_bytes(wallet.maker)),
    )


def our_request(client: clob.ClobClient) -> Request:
    """Do what the executor does with an approved leg, but for sending it."""
    order = entry_order(
        LEG, index=0, intent_id="intent", timestamp_ms=NOW_NS // 10**6, wallet=client.wallet
    )
    body = client._signed_body([order], [client.order_id(order)])  # noqa: SLF001 - all but sending
    return client._headers("POST", "/order", body), body  # noqa: SLF001


def their_request(client: OlderClient) -> Request:
    """Do what a trader with the older client does, up to its transport."""
    arguments = MarketOrderArgs(
        token_id=LEG.token_id,
        amount=LEG.cost / MICROS,
        side="BUY",
        price=LEG.limit_price / MICROS,
        order_type=OrderType.FAK,
    )
    client.create_and_post_market_order(arguments, order_type=OrderType.FAK)
    return client.sent


def test_approved_leg_to_wire_bytes(
    ours: clob.ClobClient,
    theirs: OlderClient,
    wallet: Wallet,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both ask for the same and both signatures are the key's; the table says how fast."""

    def signed_by(name: str) -> Request:
        # Read for every signature: the client keeps no signer.
        monkeypatch.setenv("ECC_BACKEND_CLASS", f"eth_keys.backends.{SIGNERS[name]}")
        return their_request(theirs)

    requests = [our_request(ours), signed_by(THEIRS), signed_by(THEIRS_IN_C)]

    assert all(what_is_asked(request) == what_is_asked(requests[0]) for request in requests)
    assert all(is_validly_signed(body) for _, body in requests)
    times = race(
        {
            THEIRS: lambda: signed_by(THEIRS),
            THEIRS_IN_C: lambda: signed_by(THEIRS_IN_C),
            OURS: lambda: our_request(ours),
        }
    )
    with capsys.disabled():
        print(table(wallet, times))

    assert times[THEIRS] >= TARGET * times[OURS], times


def what_is_asked(request: Request) -> tuple[set[str], dict[str, Any]]:
    """Return the names of the headers, and the body without what is new in every order."""
    headers, body = request
    post = json.loads(body)
    for fresh in ("salt", "timestamp", "signature"):
        post["order"].pop(fresh)
    return set(headers), post


def is_validly_signed(body: bytes) -> bool:
    """Return whether the key signed the order in a body."""
    (post,) = decode_posts(body)
    order = request_of(post, neg_risk=LEG.neg_risk)
    return is_signed_by(order, post.order.signature, Signer.from_hex(KEY).address)


def table(wallet: Wallet, times: dict[str, float]) -> str:
    """Return the contenders' times and how often each fits into either of theirs."""
    kind = "a bare key" if wallet.signature_type == EOA else "a deposit wallet"
    head = f"\napproved leg to wire bytes, {kind}"
    lines = [f"{head:<46}{'us':>9}{'x as installed':>16}{'x in C':>8}"]
    for name, spent in times.items():
        note = f"  (wanted: {TARGET} x as installed)" if name == OURS else ""
        installed, in_c = times[THEIRS] / spent, times[THEIRS_IN_C] / spent
        lines.append(f"  {name:<43}{spent:>9.1f}{installed:>16.1f}{in_c:>8.1f}{note}")
    return "\n".join(lines)
