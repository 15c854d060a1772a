"""Signatures equal the official clients' bit for bit, and the key never shows."""

import copy
import json
import pickle
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from polymarket._internal.actions.relayer.calls import TransactionCall
from polymarket._internal.actions.relayer.signing.deposit_wallet import sign_deposit_wallet_batch
from polymarket._internal.wallet import derive_beacon_deposit_wallet_address
from polymarket.environments import PRODUCTION
from polymarket.types import EvmAddress, HexString

from polyarb.core.errors import BadInput, ConfigError
from polyarb.core.money import Collateral, Price, Size, parse_micros
from polyarb.core.order import (
    OrderRequest,
    Side,
    TimeInForce,
    market_buy_amounts,
    market_sell_amounts,
)
from polyarb.venues.polymarket.contracts import deposit_wallet
from polyarb.venues.polymarket.keccak import keccak
from polyarb.venues.polymarket.sign import (
    EOA,
    POLY_1271,
    Call,
    Exchange,
    Signer,
    auth_digest,
    batch_digest,
    is_signed_by,
    order_digest,
    order_hash,
    recover_signer,
)

SECRET = bytes(range(1, 33))
SIGNER = Signer(SECRET)
EXCHANGES = {
    "ctf_exchange_v2": Exchange.BINARY,
    "neg_risk_exchange_v2": Exchange.NEG_RISK,
    "exchange_v3": Exchange.V3,
}


def an_order(signature_type: int = EOA, *, neg_risk: bool = False) -> OrderRequest:
    money = SIGNER.address if signature_type == EOA else deposit_wallet(SIGNER.address)
    return OrderRequest(
        token_id=str(2**200 + 7),
        side=Side.BUY,
        maker_amount=5_200_000,
        taker_amount=10_000_000,
        limit_price=Price(520_000),
        time_in_force=TimeInForce.FAK,
        neg_risk=neg_risk,
        salt=479_249_096_354,
        timestamp_ms=1_763_769_600_000,
        maker=money,
        signer=money,
        signature_type=signature_type,
    )


@pytest.fixture(scope="session")
def golden(recordings: Path) -> dict[str, Any]:
    vectors: dict[str, Any] = json.loads((recordings / "golden_vectors.json").read_text())
    return vectors


def request_of(vector: dict[str, Any]) -> OrderRequest:
    order = vector["wire"]["order"]
    return OrderRequest(
        token_id=order["tokenId"],
        side=Side(order["side"]),
        maker_amount=int(order["makerAmount"]),
        taker_amount=int(order["takerAmount"]),
        limit_price=Price(520_000),
        time_in_force=TimeInForce(vector["wire"]["orderType"]),
        neg_risk=vector["exchange"] == "neg_risk_exchange_v2",
        salt=order["salt"],
        timestamp_ms=int(order["timestamp"]),
        maker=order["maker"].lower(),
        signer=order["signer"].lower(),
        signature_type=order["signatureType"],
    )


def test_all_golden_orders_are_reproduced_bit_for_bit(golden: dict[str, Any]) -> None:
    """Hash and signature of the official clients' 12 orders come out identical."""
    signer = Signer.from_hex(golden["private_key"])
    cases = [(request_of(v), EXCHANGES[v["exchange"]]) for v in golden["orders"]]

    got = [(order_hash(r, e), signer.sign_order(r, e)) for r, e in cases]

    want = [(v["order_hash"], v["wire"]["order"]["signature"]) for v in golden["orders"]]
    assert len(got) == 12
    assert got == want


def test_all_golden_orders_are_verified(golden: dict[str, Any]) -> None:
    """Each official signature is accepted for its signer and for nobody else."""
    for vector in golden["orders"]:
        request, exchange = request_of(vector), EXCHANGES[vector["exchange"]]
        signature = vector["wire"]["order"]["signature"]

        assert is_signed_by(request, signature, golden["address"], exchange)
        assert not is_signed_by(request, signature, SIGNER.address, exchange)


def test_the_golden_login_signature_is_reproduced(golden: dict[str, Any]) -> None:
    """The proof of ownership equals the official clients'."""
    signer, login = Signer.from_hex(golden["private_key"]), golden["l1"]

    digest = auth_digest(signer.address, timestamp_s=login["timestamp"], nonce=login["nonce"])

    assert "0x" + signer.sign_digest(digest).hex() == login["POLY_SIGNATURE"]
    assert signer.address == golden["address"]


def test_golden_market_amounts_agree_where_the_venue_takes_them(golden: dict[str, Any]) -> None:
    """Of 36 market amounts, the 19 within 2 and 4 decimals are ours; the other 17 differ."""
    agree, differ = 0, 0
    for vector in golden["rounding"]:
        if vector["kind"] == "limit":
            continue
        theirs = int(vector["makerAmount"]), int(vector["takerAmount"])
        ours = market_amounts(vector)
        if theirs[0] % 10_000 == 0 and theirs[1] % 100 == 0:
            agree += ours == theirs
        else:
            differ += ours != theirs

    assert (agree, differ) == (19, 17)


def market_amounts(vector: dict[str, Any]) -> tuple[int, int]:
    price, amount = Price(parse_micros(vector["price"])), parse_micros(vector["amount"])
    if vector["side"] == "BUY":
        tick_size = Price(parse_micros(vector["tick"]))
        return market_buy_amounts(
            dollars=Collateral(amount), limit_price=price, tick_size=tick_size
        )
    return market_sell_amounts(size=Size(amount), limit_price=price)


@pytest.mark.parametrize("seed", range(12))
def test_digest_equals_the_generic_encoder(seed: int) -> None:
    """Hand-packed words hash to what a general EIP-712 encoder makes of the same order."""
    rng = Random(seed)
    order = replace(
        an_order(neg_risk=rng.random() < 0.5),
        side=rng.choice(list(Side)),
        token_id=str(rng.getrandbits(256)),
        salt=rng.getrandbits(53),
        maker_amount=rng.randint(1, 10**12),
        taker_amount=rng.randint(1, 10**12),
        timestamp_ms=rng.getrandbits(42),
    )

    message = encode_typed_data(full_message=typed_data(order))

    assert order_digest(order) == keccak(b"\x19" + message.version + message.header + message.body)


def typed_data(order: OrderRequest) -> dict[str, Any]:
    fields = (
        ("salt", "uint256", order.salt),
        ("maker", "address", order.maker),
        ("signer", "address", order.signer),
        ("tokenId", "uint256", int(order.token_id)),
        ("makerAmount", "uint256", order.maker_amount),
        ("takerAmount", "uint256", order.taker_amount),
        ("side", "uint8", 0 if order.side is Side.BUY else 1),
        ("signatureType", "uint8", order.signature_type),
        ("timestamp", "uint256", order.timestamp_ms),
        ("metadata", "bytes32", bytes(32)),
        ("builder", "bytes32", bytes(32)),
    )
    contract = (
        "0xe2222d279d744050d28e00520010520000310F59"
        if order.neg_risk
        else "0xE111180000d2663C0091e4f400237545B87B996B"
    )
    domain = (
        ("name", "string", "Polymarket CTF Exchange"),
        ("version", "string", "2"),
        ("chainId", "uint256", 137),
        ("verifyingContract", "address", contract),
    )
    return {
        "types": {
            "EIP712Domain": [{"name": n, "type": t} for n, t, _ in domain],
            "Order": [{"name": n, "type": t} for n, t, _ in fields],
        },
        "primaryType": "Order",
        "domain": {n: v for n, _, v in domain},
        "message": {n: v for n, _, v in fields},
    }


@pytest.mark.parametrize("signature_type", [EOA, POLY_1271])
def test_a_changed_order_is_not_signed(signature_type: int) -> None:
    """A signature holds for its exact amounts, token and exchange only."""
    order = an_order(signature_type)
    signature = SIGNER.sign_order(order)
    changed = [
        replace(order, maker_amount=5_200_001),
        replace(order, token_id="1"),
        replace(order, neg_risk=True),
        replace(order, salt=1),
    ]

    assert is_signed_by(order, signature, SIGNER.address)
    assert not any(is_signed_by(c, signature, SIGNER.address) for c in changed)


@pytest.mark.parametrize("text", ["", "0x", "0xzz", "1234", "0x" + "00" * 65, "0x12\n"])
def test_malformed_signatures_are_not_accepted(text: str) -> None:
    """Text that is no signature is refused without an exception."""
    assert not is_signed_by(an_order(), text, SIGNER.address)


def test_a_signature_with_high_s_is_refused() -> None:
    """The second form of every signature is refused, as the contracts do."""
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    digest = order_digest(an_order())
    low = SIGNER.sign_digest(digest)
    high = low[:32] + (order - int.from_bytes(low[32:64], "big")).to_bytes(32, "big")

    with pytest.raises(BadInput, match="lower half"):
        recover_signer(digest, high + bytes((55 - low[64],)))
    assert recover_signer(digest, low) == SIGNER.address


def test_an_order_for_another_wallet_is_not_signed() -> None:
    """The signer refuses an order that trades somebody else's money."""
    other = replace(an_order(), maker="0x" + "11" * 20, signer="0x" + "11" * 20)

    with pytest.raises(AssertionError):
        SIGNER.sign_order(other)


def test_deposit_wallet_address_equals_the_official_clients() -> None:
    """The wallet's address is derived offline as the official client derives it."""
    theirs = derive_beacon_deposit_wallet_address(
        SIGNER.address, PRODUCTION._config.wallet_derivation
    )

    assert deposit_wallet(SIGNER.address) == theirs


def test_batch_signature_equals_the_official_clients() -> None:
    """Two calls of a deposit wallet are signed as the official client signs them."""
    wallet = deposit_wallet(SIGNER.address)
    calls = [
        Call(target="0x" + "11" * 20, data=b"\x01\x02\x03"),
        Call(target="0x" + "22" * 20, data=bytes(100), value=5),
    ]
    theirs = sign_deposit_wallet_batch(
        Account.from_key(SECRET),
        wallet=EvmAddress(wallet),
        calls=[
            TransactionCall(
                to=EvmAddress(c.target), data=HexString("0x" + c.data.hex()), value=c.value
            )
            for c in calls
        ],
        nonce="7",
        deadline="1763770200",
        chain_id=137,
    )

    digest = batch_digest(wallet, nonce=7, deadline_s=1_763_770_200, calls=calls)

    assert "0x" + SIGNER.sign_digest(digest).hex() == theirs


def test_the_key_never_shows(tmp_path: Path) -> None:
    """No way of turning a signer into text or bytes yields its key."""
    file = tmp_path / "key"
    file.write_text("0x" + SECRET.hex() + "\n")
    signer = Signer.from_file(file)

    shown = f"{signer} {signer!r} {signer:>90} {[signer]}"

    assert SECRET.hex() not in shown
    assert str(SECRET) not in shown
    assert "Signer(0x" in shown
    with pytest.raises(TypeError):
        pickle.dumps(signer)
    with pytest.raises(TypeError):
        copy.copy(signer)


@pytest.mark.parametrize("text", ["0x" + "ab" * 31, "zz" * 32, "ff" * 32, "00" * 32, "", "ab" * 33])
def test_a_bad_key_is_refused_without_being_quoted(text: str) -> None:
    """A key of the wrong length, alphabet or range stops the start and is not repeated."""
    with pytest.raises(ConfigError) as caught:
        Signer.from_hex(text)

    assert text == "" or text not in str(caught.value)
    assert caught.value.__cause__ is None
