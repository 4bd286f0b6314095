"""A line to a server that is cut at a word: what was sent arrives, and the answer never comes back."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self


class CuttingLine:
    """Forwards TCP connections to a local port until a client sends `word`; then that one hears nothing more.

    `is_armed` says whether the word is looked for. The server still gets it, and carries it out.
    """

    def __init__(self, port: int, word: bytes) -> None:
        self.is_armed = False
        self._to = port
        self._word = word
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []

    @property
    def port(self) -> int:
        return self._listening.getsockname()[1]

    def __enter__(self) -> Self:
        self._run(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        for end in self._open:
            _hang_up(end)
        for thread in self._threads:
            thread.join(5)
        for end in (self._listening, *self._open):
            end.close()

    def _run(self, work, *arguments) -> None:
        thread = threading.Thread(target=work, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._to))
            self._open += [client, server]
            self._run(self._forward, client, server, True)
            self._run(self._forward, server, client, False)

    def _forward(self, source: socket.socket, target: socket.socket, is_watched: bool) -> None:
        try:
            while part := source.recv(65536):
                if is_watched and self.is_armed and self._word in part:
                    self.is_armed = False
                    # The client's end first, so that the answer has nowhere to go.
                    _hang_up(source)
                    target.sendall(part)
                    # The other direction hangs up on the server, once that has answered.
                    return
                target.sendall(part)
        except OSError:
            pass  # One end is gone, and so is the line.
        _hang_up(source)
        _hang_up(target)


def _hang_up(end: socket.socket) -> None:
    # It may have been hung up before.
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
