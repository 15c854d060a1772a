"""Who we are to the venue: signed logins, and the headers of every private request."""

import base64
import binascii
import hmac
from typing import Final, NoReturn

import httpx
import msgspec

from polyarb.core.errors import BadInput, ConfigError, NotSent, Rejected
from polyarb.venues.polymarket.answers import UNREADABLE
from polyarb.venues.polymarket.sign import Signer, auth_digest
from polyarb.venues.polymarket.transport import Answer, exchange

_DERIVE: Final = "/auth/derive-api-key"
_CREATE: Final = "/auth/api-key"
_NO_KEY_YET: Final = frozenset({400, 404})
_DEADLINE_S: Final = 10.0


class Credentials:
    """An API key with its secret and passphrase, of which only the key is ever shown.

    The key goes into every order as its owner; it grants nothing without the other two.
    """

    __slots__ = ("_mac_key", "_passphrase", "_secret", "key")

    def __init__(self, *, key: str, secret: str, passphrase: str) -> None:
        try:
            mac_key = base64.b64decode(
                secret + "=" * (-len(secret) % 4), altchars=b"-_", validate=True
            )
        except (binascii.Error, ValueError):
            mac_key = b""
        if not (key and mac_key and passphrase):
            raise ConfigError(("API credentials: expected a key, a base64 secret, a passphrase",))
        self.key = key
        self._secret = secret
        self._mac_key = mac_key
        self._passphrase = passphrase

    def headers(
        self, address: str, *, timestamp_s: int, method: str, path: str, body: bytes = b""
    ) -> dict[str, str]:
        """Return the headers that authenticate one private request.

        path: without host and query. body: the very bytes that are sent.
        """
        message = f"{timestamp_s}{method}{path}".encode() + body
        mac = hmac.digest(self._mac_key, message, "sha256")
        return {
            "POLY_ADDRESS": address,
            "POLY_API_KEY": self.key,
            "POLY_PASSPHRASE": self._passphrase,
            "POLY_TIMESTAMP": str(timestamp_s),
            "POLY_SIGNATURE": base64.urlsafe_b64encode(mac).decode(),
        }

    def user_channel_auth(self) -> dict[str, str]:
        """Return what the user channel's subscription carries. Never log it."""
        return {"apiKey": self.key, "secret": self._secret, "passphrase": self._passphrase}

    def __repr__(self) -> str:
        return f"Credentials({self.key})"

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce__(self) -> NoReturn:
        raise TypeError("Credentials are neither copied nor pickled: they hold a secret")


def login_headers(signer: Signer, *, timestamp_s: int, nonce: int = 0) -> dict[str, str]:
    """Return the headers that prove ownership of the key, for creating API credentials."""
    digest = auth_digest(signer.address, timestamp_s=timestamp_s, nonce=nonce)
    return {
        "POLY_ADDRESS": signer.address,
        "POLY_SIGNATURE": "0x" + signer.sign_digest(digest).hex(),
        "POLY_TIMESTAMP": str(timestamp_s),
        "POLY_NONCE": str(nonce),
    }


async def existing_credentials(
    http: httpx.AsyncClient, signer: Signer, *, timestamp_s: int, nonce: int = 0
) -> Credentials | None:
    """Return the key's API credentials, None where it has none yet. Changes nothing.

    Raises NotSent (try again) or Rejected.
    """
    headers = login_headers(signer, timestamp_s=timestamp_s, nonce=nonce)
    answer = await _ask(http, "GET", _DERIVE, headers)
    return None if answer.status in _NO_KEY_YET else _granted(answer)


async def obtain_credentials(
    http: httpx.AsyncClient, signer: Signer, *, timestamp_s: int, nonce: int = 0
) -> Credentials:
    """Return the key's API credentials: the existing ones, or new ones where there are none.

    Raises NotSent (try again) or Rejected.
    """
    found = await existing_credentials(http, signer, timestamp_s=timestamp_s, nonce=nonce)
    if found is not None:
        return found
    headers = login_headers(signer, timestamp_s=timestamp_s, nonce=nonce)
    return _granted(await _ask(http, "POST", _CREATE, headers))


def _granted(answer: Answer) -> Credentials:
    if answer.status != 200:
        raise Rejected(f"API credentials were refused with status {answer.status}")
    return _parse(answer.body)


async def _ask(http: httpx.AsyncClient, method: str, path: str, headers: dict[str, str]) -> Answer:
    """Ask once. Creating a key twice gives the same key, so a lost answer may be asked again."""
    answer = await exchange(http, method, path, headers=headers, deadline_s=_DEADLINE_S)
    if not isinstance(answer, Answer):
        raise NotSent(f"{path}: {answer.reason}")
    if answer.status == 429 or answer.status >= 500:
        raise NotSent(f"{path}: status {answer.status}")
    return answer


class _Issued(msgspec.Struct):
    apiKey: str  # noqa: N815 - the venue's spelling
    secret: str
    passphrase: str


def _parse(body: bytes) -> Credentials:
    try:
        issued = msgspec.json.decode(body, type=_Issued)
    except UNREADABLE:
        # The decoder's message could quote the secret.
        raise BadInput("credentials", "expected apiKey, secret and passphrase") from None
    return Credentials(key=issued.apiKey, secret=issued.secret, passphrase=issued.passphrase)
