"""Certificates that change while the server runs: new connections are shown the new ones, open ones stay.

Files of the user's are looked at every few seconds; our own are renewed here before they end. What cannot be used
is said in the log, and what was shown before goes on being shown.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path

from keystead.access.doors import CannotListen, Listener
from keystead.access.tls import BadCertificates, load_certificates
from keystead.app.certificates import Certificates

LOOK_SECONDS = 2.0
_RENEWAL_SECONDS = 3600.0
_LOG = logging.getLogger("keystead.tls")
_Stamp = tuple[int, int, int] | None


class CertificateWatch:
    """Looks at the files of the TLS listeners, and has these show what is new."""

    def __init__(
        self,
        files: Certificates,
        https: ssl.SSLContext,
        listeners: Sequence[Listener],
        renew: Callable[[], object] | None,
    ) -> None:
        """`renew` makes our own certificates anew where it is time; None for those of the user."""
        self._files = files
        self._https = https
        self._listeners = listeners
        self._renew = renew
        self._seen = self._stamps()
        self._until_renewal = _RENEWAL_SECONDS

    async def run(self) -> None:
        """Look again and again."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self._until_renewal -= LOOK_SECONDS
            try:
                if self._renew is not None and self._until_renewal <= 0:
                    self._until_renewal = _RENEWAL_SECONDS
                    self._renew()
                await self.look()
            except Exception:
                _LOG.exception("certificates could not be looked at; it will be tried again")

    async def look(self) -> None:
        """Have every listener show the files, if they are others than at the last look and can be used."""
        stamps = self._stamps()
        if stamps == self._seen:
            return
        # What is written while it is read has another stamp at the next look.
        before, self._seen = self._seen, stamps
        try:
            load_certificates(self._https, self._files)
            for listener in self._listeners:
                await listener.take_certificates()
        except BadCertificates as error:
            _LOG.warning("changed certificates cannot be used: %s", error)
        except CannotListen as error:
            self._seen = before  # The files are good: the next look tries again.
            _LOG.warning("changed certificates are not shown everywhere yet: %s", error)
        else:
            _LOG.warning("new connections are shown the changed certificate %s", self._files.chain)

    def _stamps(self) -> tuple[_Stamp, _Stamp]:
        return _stamp(self._files.chain), _stamp(self._files.key)


def _stamp(path: Path) -> _Stamp:
    """Return what differs once a file is another one; None if it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
