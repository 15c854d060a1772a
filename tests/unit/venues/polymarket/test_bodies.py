"""What is posted says exactly what was planned."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from polyarb.venues.polymarket import bodies
from polyarb.venues.polymarket.bodies import decode_posts, encode_posts
from unit.venues.polymarket.test_sign import SIGNER, an_order, request_of


def test_golden_bodies_are_reproduced(recordings: Path) -> None:
    """The posted JSON of the official clients' orders comes out with the same members."""
    vectors = json.loads((recordings / "golden_vectors.json").read_text())["orders"]
    requests = [request_of(v) for v in vectors]
    signatures = [v["wire"]["order"]["signature"] for v in vectors]

    body = encode_posts(requests, signatures=signatures, owner="api-key-uuid")

    assert json.loads(body) == [v["wire"] for v in vectors]


def test_one_order_is_an_object_and_several_are_an_array() -> None:
    """The two ways of posting have two shapes."""
    order = an_order()

    one = json.loads(encode_posts([order], signatures=["0x"], owner="k"))
    two = json.loads(encode_posts([order, order], signatures=["0x", "0x"], owner="k"))

    assert isinstance(one, dict)
    assert two == [one, one]


def test_a_body_reads_back_as_the_request() -> None:
    """Encoding and decoding gives the request that was planned."""
    order = replace(an_order(), maker=SIGNER.address.lower(), signer=SIGNER.address.lower())

    post = decode_posts(encode_posts([order], signatures=["0x00"], owner="k"))[0]

    assert bodies.request_of(post, neg_risk=False) == order


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("makerAmount", "0"),
        ("takerAmount", "-5"),
        ("salt", 2**53),
        ("side", "HOLD"),
        ("metadata", "0x" + "11" * 32),
        ("timestamp", ""),
    ],
)
def test_an_impossible_order_does_not_read_back(field: str, value: object) -> None:
    """Values that no order of ours has are refused."""
    wire = json.loads(encode_posts([an_order()], signatures=["0x00"], owner="k"))
    wire["order"][field] = value
    post = decode_posts(json.dumps(wire).encode())[0]

    with pytest.raises(ValueError, match=r"."):
        bodies.request_of(post, neg_risk=False)


def test_a_signed_order_does_not_show_its_signature() -> None:
    """The text of a decoded order is fit for logs."""
    signature = SIGNER.sign_order(an_order())
    post = decode_posts(encode_posts([an_order()], signatures=[signature], owner="k"))[0]

    assert signature not in f"{post} {post!r} {post.order}"
