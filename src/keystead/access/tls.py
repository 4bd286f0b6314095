"""Certificate files into the context of a TLS listener, at its start and whenever they have changed.

Every listener of our own loop shows the same files. A context is kept: handshakes from then on show what was loaded
last, and connections that are open stay as they are.
"""

import ssl
from pathlib import Path
from typing import Protocol


class BadCertificates(Exception):
    """Certificate files that cannot be used; the text names the file and what is wrong with it."""


class Files(Protocol):
    """A certificate chain and its private key, PEM."""

    @property
    def chain(self) -> Path: ...
    @property
    def key(self) -> Path: ...


def listener_context(files: Files, protocol: str) -> ssl.SSLContext:
    """Return a context for a listener of one ALPN protocol: TLS 1.2 and newer. Raises BadCertificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_alpn_protocols([protocol])
    load_certificates(context, files)
    return context


def load_certificates(context: ssl.SSLContext, files: Files) -> None:
    """Make handshakes from now on show `files`; connections that are open keep what they have.

    Raises BadCertificates, and then leaves what the context showed before.
    """
    try:
        # A key that does not belong would be noticed only after the chain was replaced, so try elsewhere first.
        # The empty password makes an encrypted key an error; without it OpenSSL would ask on the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(files.chain, files.key, "")
        context.load_cert_chain(files.chain, files.key, "")
    except OSError as error:
        what = error.strerror or "they cannot be read"
        raise BadCertificates(f"{files.chain} with {files.key}: {what}") from error
