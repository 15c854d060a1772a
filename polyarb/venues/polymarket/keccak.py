"""The chain's hash, and how it spells addresses."""

from _pysha3 import keccak_256  # type: ignore[import-not-found]  # a C extension without stubs


def keccak(data: bytes) -> bytes:
    """Return the 32-byte Keccak-256 of `data` (the chain's padding, not SHA-3's)."""
    digest: bytes = keccak_256(data).digest()
    return digest


def checksum_address(address: bytes) -> str:
    """Return 20 bytes as a mixed-case 0x address. Source: EIP-55."""
    assert len(address) == 20, len(address)
    text = address.hex()
    marks = keccak(text.encode()).hex()
    cased = (c.upper() if m >= "8" else c for c, m in zip(text, marks, strict=False))
    return "0x" + "".join(cased)
