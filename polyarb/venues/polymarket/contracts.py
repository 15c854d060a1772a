"""Contracts of the venue, and the address that a key's deposit wallet has.

Source: the official client's production environment, version 0.14 (read 2026-10).
"""

from typing import Final

from polyarb.venues.polymarket.keccak import checksum_address, keccak

CHAIN_ID: Final = 137

BINARY_EXCHANGE: Final = "0xE111180000d2663C0091e4f400237545B87B996B"
NEG_RISK_EXCHANGE: Final = "0xe2222d279d744050d28e00520010520000310F59"
V3_EXCHANGE: Final = "0xe3333700cA9d93003F00f0F71f8515005F6c00Aa"

PUSD: Final = "0xC011a7E12a19f7B1f670d46F03B03f3342E82DFB"
CONDITIONAL_TOKENS: Final = "0x4D97DCd97eC945f40cF65F87097ACe5EA0476045"
COLLATERAL_ADAPTER: Final = "0xAdA100Db00Ca00073811820692005400218FcE1f"
NEG_RISK_COLLATERAL_ADAPTER: Final = "0xadA2005600Dec949baf300f4C6120000bDB6eAab"
NEG_RISK_ADAPTER: Final = "0xd91E80cF2E7be2e162c6513ceD06f1dD0dA35296"
DEPOSIT_WALLET_FACTORY: Final = "0x00000000000Fb5C9ADea0298D729A0CB3823Cc07"
DEPOSIT_WALLET_BEACON: Final = "0x7A18EDfe055488A3128f01F563e5B479D92ffc3a"
DEPOSIT_WALLET_IMPLEMENTATION: Final = "0x58CA52ebe0DadfdF531Cde7062e76746de4Db1eB"

OPERATORS: Final = {
    "binary exchange": BINARY_EXCHANGE,
    "neg-risk exchange": NEG_RISK_EXCHANGE,
    "collateral adapter": COLLATERAL_ADAPTER,
    "neg-risk collateral adapter": NEG_RISK_COLLATERAL_ADAPTER,
}
"""Contracts that must be allowed to move a trading wallet's collateral and outcome tokens."""

_PROXY_CODE_HEAD: Final = 0x6100523D8160233D3973
_PROXY_CODE_TAIL: Final = bytes.fromhex(
    "60195155f3363d3d373d3d363d602036600436635c60da"
    "1b60e01b36527fa3f0ad74e5423aebfd80d3ef4346578335a9a72aeaee59ff6c"
    "b3582b35133d50545afa5036515af43d6000803e604d573d6000fd5b3d6000f3"
)
_EARLY_CODE_HEAD: Final = 0x61003D3D8160233D3973
_EARLY_CODE_TAIL: Final = bytes.fromhex(
    "60095155f3363d3d373d3d363d7f360894a13ba1a3210667c828492db98dca3e2076"
    "cc3735a920a3ca505d382bbc545af43d6000803e6038573d6000fd5b3d6000f3"
)


def address_bytes(address: str) -> bytes:
    """Return the 20 bytes of a 0x address. Raises ValueError for anything else."""
    raw = bytes.fromhex(address.removeprefix("0x"))
    if len(raw) != 20 or not address.startswith("0x"):
        raise ValueError("not an address")
    return raw


def deposit_wallet(owner: str) -> str:
    """Return the checksummed address of `owner`'s deposit wallet, deployed or not.

    The factory places a beacon proxy by CREATE2 under a salt that only depends on the owner.
    """
    return _created(owner, _PROXY_CODE_HEAD, DEPOSIT_WALLET_BEACON, _PROXY_CODE_TAIL)


def early_deposit_wallet(owner: str) -> str:
    """Return the address that `owner`'s deposit wallet has if it dates from before the beacon."""
    return _created(owner, _EARLY_CODE_HEAD, DEPOSIT_WALLET_IMPLEMENTATION, _EARLY_CODE_TAIL)


def _created(owner: str, head: int, target: str, tail: bytes) -> str:
    factory = address_bytes(DEPOSIT_WALLET_FACTORY)
    arguments = factory.rjust(32, b"\0") + address_bytes(owner).rjust(32, b"\0")
    start = (head + (len(arguments) << 56)).to_bytes(10, "big")
    code = start + address_bytes(target) + tail + arguments
    created = keccak(b"\xff" + factory + keccak(arguments) + keccak(code))
    return checksum_address(created[12:])
