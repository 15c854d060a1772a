"""Who is calling: API keys, and the checks behind the two kinds of authenticated request.

L1 is a wallet signature and only creates or derives an API key; L2 is an HMAC with that key over
the timestamp, method, path without query, and the exact bytes of the body.
Source: https://docs.polymarket.com/api-reference/authentication (read 2026-08-22).
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

CLOCK_TOLERANCE_S: Final = 30
"""How far a request's timestamp may be from our clock, either way."""

BAD_KEY: Final = "Unauthorized/Invalid api key"
BAD_L1: Final = "Invalid L1 Request headers"

RecoverL1 = Callable[[str, int, int, str], str | None]
"""(address, timestamp_s, nonce, signature) to the address that signed, None if nobody did."""


class AuthError(Exception):
    """The caller is not who the headers say; the text is the venue's. Answered with 401."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One wallet's credentials. address: the signer's, 0x lowercase. secret: URL-safe base64."""

    address: str
    nonce: int
    key: str
    secret: str
    passphrase: str


class KeyRing:
    """Every API key of the venue.

    Keys are a function of seed, address and nonce, so that a restarted venue derives the same.
    """

    def __init__(self, *, seed: int) -> None:
        self._seed = seed
        self._by_key: dict[str, ApiKey] = {}

    def create(self, address: str, nonce: int) -> ApiKey | None:
        """Return a new key, None if this address already has one under this nonce."""
        made = self._make(address, nonce)
        if made.key in self._by_key:
            return None
        self._by_key[made.key] = made
        return made

    def derive(self, address: str, nonce: int) -> ApiKey | None:
        """Return the key that was created before, None if there is none."""
        return self._by_key.get(self._make(address, nonce).key)

    def find(self, key: str) -> ApiKey | None:
        """Return the key with this id, None if there is none."""
        return self._by_key.get(key)

    def keys_of(self, address: str) -> tuple[ApiKey, ...]:
        """Return every key of `address`, oldest first."""
        return tuple(k for k in self._by_key.values() if k.address == address)

    def _make(self, address: str, nonce: int) -> ApiKey:
        def derived(purpose: str) -> bytes:
            text = f"{self._seed}/{address}/{nonce}/{purpose}"
            return hashlib.sha256(text.encode()).digest()

        return ApiKey(
            address=address,
            nonce=nonce,
            key=str(UUID(bytes=derived("key")[:16], version=4)),
            secret=base64.urlsafe_b64encode(derived("secret")).decode(),
            passphrase=derived("passphrase").hex(),
        )


def check_l1(headers: Mapping[str, str], *, now_s: int, recover: RecoverL1) -> tuple[str, int]:
    """Return (address in lowercase, nonce) of a wallet that signed these headers.

    Raises AuthError.
    """
    address, timestamp = _address(headers, BAD_L1), _timestamp(headers, BAD_L1)
    nonce = headers.get("POLY_NONCE", "0")
    if not nonce.isdecimal() or not _is_fresh(timestamp, now_s):
        raise AuthError(BAD_L1)
    signer = recover(address, timestamp, int(nonce), headers.get("POLY_SIGNATURE", ""))
    if signer is None or signer.lower() != address.lower():
        raise AuthError(BAD_L1)
    return address.lower(), int(nonce)


def check_l2(
    headers: Mapping[str, str],
    *,
    keys: KeyRing,
    method: str,
    path: str,
    body: bytes,
    now_s: int,
) -> ApiKey:
    """Return the key whose secret signed exactly this request. Raises AuthError."""
    address, timestamp = _address(headers, BAD_KEY), _timestamp(headers, BAD_KEY)
    key = keys.find(headers.get("POLY_API_KEY", ""))
    if key is None or key.address != address.lower() or not _is_fresh(timestamp, now_s):
        raise AuthError(BAD_KEY)
    expected = sign_l2(
        key.secret, timestamp=headers["POLY_TIMESTAMP"], method=method, path=path, body=body
    )
    given = headers.get("POLY_SIGNATURE", "")
    if not (_same(given, expected) and _same(headers.get("POLY_PASSPHRASE", ""), key.passphrase)):
        raise AuthError(BAD_KEY)
    return key


def check_channel(auth: object, *, keys: KeyRing) -> ApiKey:
    """Return the key named by a user channel's first frame. Raises AuthError."""
    if not isinstance(auth, dict):
        raise AuthError(BAD_KEY)
    key = keys.find(str(auth.get("apiKey", "")))
    if key is None or not _same(str(auth.get("secret", "")), key.secret):
        raise AuthError(BAD_KEY)
    if not _same(str(auth.get("passphrase", "")), key.passphrase):
        raise AuthError(BAD_KEY)
    return key


def sign_l2(secret: str, *, timestamp: str, method: str, path: str, body: bytes) -> str:
    """Return the HMAC of a request, in URL-safe base64 with its padding."""
    message = f"{timestamp}{method}{path}".encode() + body
    raw = base64.urlsafe_b64decode(secret)
    return base64.urlsafe_b64encode(hmac.new(raw, message, hashlib.sha256).digest()).decode()


def _address(headers: Mapping[str, str], refusal: str) -> str:
    address = headers.get("POLY_ADDRESS", "")
    if len(address) != 42 or not address.startswith("0x"):
        raise AuthError(refusal)
    return address


def _timestamp(headers: Mapping[str, str], refusal: str) -> int:
    text = headers.get("POLY_TIMESTAMP", "")
    if not text.isdecimal() or len(text) > 12:
        raise AuthError(refusal)
    return int(text)


def _is_fresh(timestamp_s: int, now_s: int) -> bool:
    return abs(now_s - timestamp_s) <= CLOCK_TOLERANCE_S


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
