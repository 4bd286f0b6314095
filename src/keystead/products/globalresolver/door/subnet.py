"""EDNS client subnet: what an upstream is told of where a client is. Follows RFC 7871 and facts/dns.md §7."""

import ipaddress
import struct

NOTHING = struct.pack("!HBB", 1, 0, 0)
"""A source prefix of no length: the upstream is asked to tell nobody where the client is."""
_LONGEST = {1: 24, 2: 48}
_OCTETS = {1: 4, 2: 16}


def forwarded(presented: list[bytes], peer: str) -> bytes:
    """Return the option's data for a view that forwards subnets: the client's own, cut, or that of its address.

    An address that is not global tells an upstream nothing, and is not sent.
    """
    if presented:
        return _cut(presented[0])
    address = ipaddress.ip_address(peer)
    if not address.is_global:
        return NOTHING
    family = 1 if address.version == 4 else 2
    return _encode(family, _LONGEST[family], address.packed)


def _cut(data: bytes) -> bytes:
    if len(data) < 4:
        return NOTHING
    family, prefix, _ = struct.unpack_from("!HBB", data)
    octets = data[4:]
    if family not in _LONGEST or len(octets) > _OCTETS[family] or len(octets) * 8 < prefix:
        return NOTHING
    return _encode(family, min(prefix, _LONGEST[family]), octets)


def _encode(family: int, prefix: int, octets: bytes) -> bytes:
    """Return the option with exactly the octets that the prefix covers, and zero bits beyond it."""
    kept = bytearray(octets[: (prefix + 7) // 8])
    if prefix % 8 and kept:
        kept[-1] &= 0xFF << 8 - prefix % 8 & 0xFF
    return struct.pack("!HBB", family, prefix, 0) + bytes(kept)
