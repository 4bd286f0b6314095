"""An answer that arrived while the event loop was held up is an answer."""

import asyncio
import socket

import dns.message

from keystead.kernel.entropy import SystemEntropy
from keystead.products.globalresolver.door import upstream


def test_an_answer_that_waits_in_the_socket_is_read_before_its_question_is_given_up(monkeypatch):
    monkeypatch.setattr(upstream, "TRY_SECONDS", 0.0)
    told: list[bytes | None] = []

    async def ask() -> bytes:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as resolver:
            resolver.bind(("127.0.0.1", 0))
            target = upstream.Target("udp", "127.0.0.1", resolver.getsockname()[1])
            asked = upstream.DatagramUpstream(target, SystemEntropy())
            query = dns.message.make_query("example.com", "A").to_wire()
            asked.send(query[2:], query[12:], told.append)
            # All of this is one turn of the loop: it sees the answer only when it gives the question up.
            received, sender = resolver.recvfrom(512)
            answer = dns.message.make_response(dns.message.from_wire(received)).to_wire()
            resolver.sendto(answer, sender)
            asked._give_up()
            asked.close()
            return answer

    answer = asyncio.run(ask())

    assert told == [answer]
