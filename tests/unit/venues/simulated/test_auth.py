"""Who may call: the HMAC of a request, its clock, and keys."""

import pytest

from polyarb.venues.simulated.auth import (
    AuthError,
    KeyRing,
    check_channel,
    check_l1,
    check_l2,
    sign_l2,
)

ADDRESS = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
NOW_S = 1_763_769_600


def request(keys: KeyRing, **changed: str) -> dict[str, str]:
    """Return the headers of a proper request, with some changed."""
    key = keys.create(ADDRESS, 0) or keys.derive(ADDRESS, 0)
    assert key is not None
    timestamp = changed.get("POLY_TIMESTAMP", str(NOW_S))
    signed = sign_l2(key.secret, timestamp=timestamp, method="POST", path="/order", body=b"{}")
    return {
        "POLY_ADDRESS": ADDRESS,
        "POLY_API_KEY": key.key,
        "POLY_PASSPHRASE": key.passphrase,
        "POLY_TIMESTAMP": timestamp,
        "POLY_SIGNATURE": signed,
        **changed,
    }


def check(keys: KeyRing, headers: dict[str, str], body: bytes = b"{}") -> str:
    """Return the key that a request is accepted for."""
    found = check_l2(headers, keys=keys, method="POST", path="/order", body=body, now_s=NOW_S)
    return found.key


def test_the_hmac_equals_the_official_one() -> None:
    """A request signed by the official clients' code has this signature."""
    made = sign_l2(
        "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        timestamp="1763769600",
        method="DELETE",
        path="/order",
        body=b'{"orderID":"0xabc"}',
    )

    assert made == "kyx738bAyAHMTmBIoHG_FO--rb-O7JikSqE0JdtwC4A="


def test_a_proper_request_is_accepted_up_to_thirty_seconds_off() -> None:
    """The venue's clock and the caller's may differ by 30 s either way."""
    keys = KeyRing(seed=1)
    for shift in (-30, 0, 30):
        headers = request(keys, POLY_TIMESTAMP=str(NOW_S + shift))

        assert check(keys, headers) == headers["POLY_API_KEY"]


@pytest.mark.parametrize(
    "changed",
    [
        {"POLY_TIMESTAMP": str(NOW_S + 31)},
        {"POLY_TIMESTAMP": str(NOW_S - 31)},
        {"POLY_TIMESTAMP": "soon"},
        {"POLY_PASSPHRASE": "00"},
        {"POLY_API_KEY": "00000000-0000-4000-8000-000000000000"},
        {"POLY_ADDRESS": "0x" + "11" * 20},
        {"POLY_ADDRESS": "me"},
        {"POLY_SIGNATURE": ""},
        {"POLY_SIGNATURE": "ä"},
    ],
    ids=str,
)
def test_anything_else_is_not(changed: dict[str, str]) -> None:
    """Every header counts."""
    keys = KeyRing(seed=1)
    headers = request(keys, **changed)

    with pytest.raises(AuthError):
        check(keys, headers)


def test_another_body_is_not_accepted() -> None:
    """One byte more than what was signed."""
    keys = KeyRing(seed=1)
    headers = request(keys)

    with pytest.raises(AuthError):
        check(keys, headers, b"{} ")


def test_a_key_is_created_once_and_derived_for_ever() -> None:
    """The same seed gives a restarted venue the same key, once it is created again."""
    keys, restarted = KeyRing(seed=1), KeyRing(seed=1)
    made = keys.create(ADDRESS, 0)

    assert made is not None
    assert keys.create(ADDRESS, 0) is None
    assert keys.derive(ADDRESS, 0) == made
    assert keys.derive(ADDRESS, 1) is None
    assert restarted.derive(ADDRESS, 0) is None
    assert restarted.create(ADDRESS, 0) == made


def test_a_login_must_be_signed_by_the_address_it_names() -> None:
    """The recovered signer decides, whatever the case of the address."""
    headers = {"POLY_ADDRESS": ADDRESS.upper().replace("0X", "0x"), "POLY_TIMESTAMP": str(NOW_S)}

    assert check_l1(headers, now_s=NOW_S, recover=lambda *_: ADDRESS) == (ADDRESS, 0)
    with pytest.raises(AuthError):
        check_l1(headers, now_s=NOW_S, recover=lambda *_: "0x" + "11" * 20)
    with pytest.raises(AuthError):
        check_l1(headers, now_s=NOW_S, recover=lambda *_: None)
    with pytest.raises(AuthError):
        check_l1(headers, now_s=NOW_S + 31, recover=lambda *_: ADDRESS)


@pytest.mark.parametrize("missing", ["apiKey", "secret", "passphrase"])
def test_the_user_channel_wants_all_three_credentials(missing: str) -> None:
    """Without any one of them nobody is let in; with all of them the key is."""
    keys = KeyRing(seed=1)
    key = keys.create(ADDRESS, 0)
    assert key is not None
    auth = {"apiKey": key.key, "secret": key.secret, "passphrase": key.passphrase}

    assert check_channel(auth, keys=keys) == key
    with pytest.raises(AuthError):
        check_channel({**auth, missing: ""}, keys=keys)
    with pytest.raises(AuthError):
        check_channel(None, keys=keys)
