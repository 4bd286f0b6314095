"""Numbers of DNS as text, for the log."""

import dns.rcode
import dns.rdataclass
import dns.rdatatype


def type_text(kind: int) -> str:
    """Return a type's name, `TYPE65280` for one without."""
    return dns.rdatatype.to_text(dns.rdatatype.RdataType.make(kind))


def class_text(number: int) -> str:
    """Return a class's name."""
    return dns.rdataclass.to_text(dns.rdataclass.RdataClass.make(number))


def code_text(code: int) -> str:
    """Return a response code's name."""
    return dns.rcode.to_text(dns.rcode.Rcode.make(code))
