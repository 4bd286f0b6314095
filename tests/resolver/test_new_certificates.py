"""Certificate files that change while the server runs: new connections are shown the new, what is open goes on."""

import shutil
import socket
import ssl
import threading
from base64 import urlsafe_b64encode
from contextlib import contextmanager
from time import monotonic

import dns.message
import dns.query
import pytest

from keystead.app.certificates import Names, ensure_certificates
from keystead.kernel.clock import SystemClock
from resolver.room import DNSRoom, code, token_option
from resolver.upstream import Upstream
from support.running import RunningAuthority, settings_for


class Shown:
    """The files that an authority shows, and the pairs that they can hold."""

    def __init__(self, folder):
        self._folder = folder
        self.chain, self.key = folder / "shown.pem", folder / "shown.key"
        self.made = [
            ensure_certificates(folder / str(number), names=Names(), clock=SystemClock())
            for number in range(3)
        ]

    def put(self, number, *, with_key=True):
        shutil.copy(self.made[number].chain, self.chain)
        if with_key:
            shutil.copy(self.made[number].key, self.key)


@pytest.fixture
def shown(tmp_path):
    made = Shown(tmp_path)
    made.put(0)
    return made


@pytest.fixture
def room(shown, tmp_path):
    upstream = Upstream()
    settings = settings_for(
        tmp_path / "data", upstream=(upstream.address,), tls_certificate=shown.chain, tls_key=shown.key
    )
    running = RunningAuthority(settings)
    yield DNSRoom(running, upstream)
    running.stop()
    upstream.close()


def look(room):
    room.authority.run(room.authority._server.certificates.look())


@contextmanager
def connected(place, certificates):
    """Yield a connection that trusts only the authority of these certificates."""
    host, port = place.removeprefix("https://").rsplit(":", 1)
    context = ssl.create_default_context(cafile=str(certificates.authority))
    with (
        socket.create_connection((host, int(port)), 10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as stream,
    ):
        yield stream


def shows(place, certificates):
    """Return whether twenty connections are all shown a certificate."""
    try:
        for _ in range(20):
            with connected(place, certificates):
                pass
    except ssl.SSLCertVerificationError:
        return False
    return True


def soon_shows(place, certificates):
    """Return whether all connections are shown a certificate, at once or once the server of before has stopped."""
    ends = monotonic() + 10
    while not shows(place, certificates):
        if monotonic() > ends:
            return False
    return True


def get(room, view, name):
    wire = dns.message.make_query(name, "A", id=0).to_wire()
    text = urlsafe_b64encode(wire).rstrip(b"=").decode()
    return f"GET /dns-query?token={view.token}&dns={text} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def ask(stream, token, name="www.example.com"):
    query = dns.message.make_query(name, "A", use_edns=True, options=[token_option(token)])
    dns.query.send_tcp(stream, query)
    return code(dns.query.receive_tcp(stream)[0])


def test_new_connections_are_shown_the_new_certificate_and_open_ones_go_on(room, shown):
    view, ready = room.view(), room.authority.ready
    places = [ready.dot, ready.doh, ready.https]
    before = [shows(place, shown.made[0]) for place in places]

    with connected(ready.dot, shown.made[0]) as dot, connected(ready.doh, shown.made[0]) as doh:
        assert ask(dot, view.token) == "NOERROR"
        doh.sendall(get(room, view, "mute.example.com"))
        while not any(name == "mute.example.com." for name in room.upstream.names()):
            threading.Event().wait(0.01)
        shown.put(1)
        look(room)
        assert all(soon_shows(place, shown.made[1]) for place in places)
        after = [(shows(place, shown.made[0]), shows(place, shown.made[1])) for place in places]
        with connected(ready.doh, shown.made[1]) as new:
            new.sendall(get(room, view, "www.example.com"))
            answered = new.recv(4096)

        assert (before, after) == ([True] * 3, [(False, True)] * 3)
        assert ask(dot, view.token) == "NOERROR"
        assert answered.startswith(b"HTTP/1.1 200 ")
        assert doh.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_pair_that_does_not_belong_together_changes_nothing_until_it_does(room, shown):
    ready = room.authority.ready
    shown.put(2, with_key=False)
    look(room)
    half = [shows(place, shown.made[0]) for place in (ready.dot, ready.doh, ready.https)]

    shown.put(2)
    look(room)

    assert half == [True] * 3
    assert [soon_shows(place, shown.made[2]) for place in (ready.dot, ready.doh, ready.https)] == [True] * 3


def test_certificates_may_change_again_and_again(room, shown):
    view, ready = room.view(), room.authority.ready
    for number in (1, 2, 0, 1):
        shown.put(number)
        look(room)
        assert soon_shows(ready.doh, shown.made[number])

    with connected(ready.dot, shown.made[1]) as stream:
        assert ask(stream, view.token) == "NOERROR"
