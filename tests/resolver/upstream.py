"""An upstream resolver that a test can look into: it answers every name, and keeps the queries it was asked."""

import socket
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

PUBLIC = "192.0.2.1"
_VALUES = {"A": PUBLIC, "AAAA": "2001:db8::1", "TXT": '"from upstream"'}


class Upstream:
    """Answers over UDP and TCP on one port of this machine: A, AAAA and TXT of any name; `nx.*` is NXDOMAIN.

    `cut.*` is cut over UDP; `mute.*` is not answered; `bad.*` is answered with another question.
    """

    def __init__(self) -> None:
        self.asked: list[dns.message.Message] = []
        self._streams = socket.create_server(("127.0.0.1", 0))
        self.port = self._streams.getsockname()[1]
        self._datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._datagrams.bind(("127.0.0.1", self.port))
        self._threads = [threading.Thread(target=work) for work in (self._serve_udp, self._serve_tcp)]
        for thread in self._threads:
            thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def names(self) -> list[str]:
        """The names that were asked for."""
        return [query.question[0].name.to_text() for query in self.asked]

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", ("127.0.0.1", self.port))
        self._streams.shutdown(socket.SHUT_RDWR)
        self._streams.close()
        for thread in self._threads:
            thread.join()
        self._datagrams.close()

    def _serve_udp(self) -> None:
        while True:
            wire, peer = self._datagrams.recvfrom(65535)
            if not wire:
                return
            answer = self._answer(wire, is_datagram=True)
            if answer:
                self._datagrams.sendto(answer, peer)

    def _serve_tcp(self) -> None:
        while True:
            try:
                stream, _ = self._streams.accept()
            except OSError:
                return
            with stream, stream.makefile("rb") as reader:
                while len(head := reader.read(2)) == 2:
                    answer = self._answer(reader.read(int.from_bytes(head, "big")), is_datagram=False)
                    stream.sendall(len(answer).to_bytes(2, "big") + answer)

    def _answer(self, wire: bytes, *, is_datagram: bool) -> bytes:
        query = dns.message.from_wire(wire)
        self.asked.append(query)
        name = query.question[0].name
        first = name.labels[0]
        if first == b"mute":
            return b""
        response = dns.message.make_response(query, recursion_available=True)
        response.flags |= dns.flags.AD
        kind = dns.rdatatype.to_text(query.question[0].rdtype)
        if first == b"nx":
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif first == b"cut" and is_datagram:
            response.flags |= dns.flags.TC
        elif first == b"bad":
            response.question[0].name = dns.name.from_text("other.example.")
        elif kind in _VALUES:
            response.answer.append(dns.rrset.from_text(name, 60, "IN", kind, _VALUES[kind]))
        return response.to_wire()
