"""Values of records in presentation format: checked when they are written, and turned into octets for answers.

Follows RFC 1035 §5.1 and the RFC of each type. dnspython reads them, names relative to the root, and without any
look-up.
"""

from typing import TYPE_CHECKING

import dns.exception
import dns.name
import dns.rdataclass
import dns.rdatatype

from keystead.kernel.lazily import later

if TYPE_CHECKING:
    from dns import rdata
else:
    rdata = later("dns.rdata")

TYPES = (
    "SOA", "A", "TXT", "NS", "CNAME", "MX", "NAPTR", "PTR", "SRV", "SPF", "AAAA", "CAA", "DS", "TLSA", "SSHFP",
    "SVCB", "HTTPS",
)  # fmt: skip
LONGEST_VALUE = 4000


class BadValue(ValueError):
    """A value is not one of its type; the text says what is wrong."""


def type_number(name: str) -> int:
    """Return the number of a type that zones hold."""
    return int(dns.rdatatype.from_text(name))


def wire_value(type_name: str, text: str) -> bytes:
    """Return a value's octets, names in it uncompressed. Raises BadValue."""
    if len(text) > LONGEST_VALUE:
        raise BadValue(f"Value is longer than {LONGEST_VALUE} characters")
    try:
        kind = dns.rdatatype.from_text(type_name)
        # A name is whole with or without its final dot: "DNS domain name format" (Route 53 Developer Guide).
        data = rdata.from_text(dns.rdataclass.IN, kind, text, dns.name.root, relativize=False)
        return bytes(data.to_wire() or b"")
    # dnspython's own errors, and what it lets through of Python's on odd input.
    except (dns.exception.DNSException, ValueError, OverflowError, IndexError, TypeError) as error:
        raise BadValue(f"{type(error).__name__}") from error
