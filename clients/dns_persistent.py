"""dnspython over HTTPS (POST) and TLS: one question a line on standard input, its answer on standard output.

A line is `tls|https NAME TOKEN`; TOKEN may be missing. TLS has one connection from start to end, HTTPS one session,
so that a token can be revoked between two questions on it. An answer is the addresses or, where there are none, the
response code. Arguments: CA DOT-ADDRESS DOH-URL.
"""

import socket
import ssl
import sys

import dns.edns
import dns.message
import dns.query
import dns.rcode
import httpx2

ACCESS_TOKEN_OPTION = 65440


def question(name: str, token: str | None) -> dns.message.Message:
    options = [] if token is None else [dns.edns.GenericOption(ACCESS_TOKEN_OPTION, token.encode())]
    return dns.message.make_query(name, "A", use_edns=0, options=options)


def told(answer: dns.message.Message) -> str:
    addresses = [item.to_text() for found in answer.answer for item in found]
    return " ".join(addresses) or dns.rcode.to_text(answer.rcode())


def main(ca: str, dot: str, doh: str) -> None:
    trust = ssl.create_default_context(cafile=ca)
    host, _, port = dot.rpartition(":")
    plain = socket.create_connection((host, int(port)))
    with (
        trust.wrap_socket(plain, server_hostname="localhost") as stream,
        httpx2.Client(http1=False, http2=True, verify=trust) as session,
    ):
        for line in sys.stdin:
            transport, name, token = [*line.split(), None][:3]
            asked = question(name, token)
            if transport == "tls":
                answer = dns.query.tls(asked, host, timeout=10, sock=stream)
            else:
                answer = dns.query.https(asked, f"{doh}/dns-query", timeout=10, session=session, post=True)
            print(told(answer), flush=True)


main(*sys.argv[1:])
