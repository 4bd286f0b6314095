"""The local certificate authority made at `init`, and the one server certificate that every TLS listener shows.

Follows RFC 5280 closely enough for OpenSSL's strict checks (which Python 3.13 turns on by default), and DESIGN
section 12: one ECDSA P-256 certificate, because a handshake with it costs two thirds of one with RSA.
"""

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from keystead.access.tls import BadCertificates, listener_context
from keystead.kernel.clock import Clock, real_now
from keystead.kernel.files import write_private

CA_LIFETIME: Final = timedelta(days=3650)
LEAF_LIFETIME: Final = timedelta(days=397)
"""The longest that browsers accept."""
RENEW_WITHIN: Final = timedelta(days=30)

_BACKDATED: Final = timedelta(hours=1)
"""A client whose clock is a little behind accepts a fresh certificate too."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the server certificate is good for, besides this machine's loopback names."""

    domain: str = "localhost"
    """Suffix of bucket, workspace and resolver names.

    OpenSSL wants two labels after a star: under `localhost` the star of the buckets helps other TLS libraries only,
    that of the resolvers all; bucket names as hosts over HTTPS need a domain of two labels, or path style.
    """
    public_host: str | None = None
    """A host name or address that clients elsewhere use."""

    def all(self) -> tuple[str, ...]:
        """Return every name and address, each once, in a fixed order."""
        names = [
            "localhost",
            "127.0.0.1",
            "::1",
            f"*.{self.domain}",
            f"*.route53globalresolver.{self.domain}",
        ]
        if self.domain != "localhost":
            names.append(self.domain)
        if self.public_host is not None:
            names.append(self.public_host.strip("[]"))
        return tuple(dict.fromkeys(name.lower() for name in names))


@dataclass(frozen=True, slots=True)
class Certificates:
    """Where the files of a TLS server are; the user's own, or those of `ensure_certificates`."""

    chain: Path
    """The server certificate and what stands between it and its authority, PEM."""
    key: Path
    """Its private key, PEM; PKCS#8 if we made it."""
    authority: Path | None = None
    """The certificate that clients have to trust; None if they trust the user's own already."""


def ensure_certificates(directory: Path, *, names: Names, clock: Clock) -> Certificates:
    """Return the certificates in `directory`, making or renewing what is missing, ending or for other names.

    The server certificate is renewed when less than 30 days remain, when `names` are others, or when it does not
    belong to its key or authority. The authority is made once and never replaced while it is good: clients have
    been told to trust it. Raises BadCertificates if the authority's files are damaged or it has ended.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    now = real_now(clock)
    authority, authority_key = _ensure_authority(directory, now)
    found = Certificates(directory / "server.pem", directory / "server.key", directory / "ca.pem")
    if not _is_current(found, authority, names, now):
        _issue_server(found, authority, authority_key, names, now)
    return found


def server_context(certificates: Certificates) -> ssl.SSLContext:
    """Return a context for a TLS listener: TLS 1.2 and newer, HTTP/1.1 only.

    Raises BadCertificates if the files are missing, damaged, or do not belong together.
    """
    return listener_context(certificates, "http/1.1")


def _ensure_authority(directory: Path, now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    path, key_path = directory / "ca.pem", directory / "ca.key"
    if not path.exists():
        # The key is written first: a certificate without its key could not be told from a lost key.
        key = ec.generate_private_key(ec.SECP256R1())
        authority = _authority_certificate(key, now)
        write_private(key_path, _key_pem(key))
        write_private(path, _certificate_pem(authority))
        return authority, key
    authority = _read_certificate(path)
    key = _read_key(key_path)
    if key is None or authority is None or key.public_key() != authority.public_key():
        raise BadCertificates(
            f"{path} and {key_path} are damaged or do not belong together; restore or remove both"
        )
    if now >= authority.not_valid_after_utc:
        raise BadCertificates(
            f"{path} ended on {authority.not_valid_after_utc:%Y-%m-%d}; remove it and {key_path}"
        )
    return authority, key


def _is_current(found: Certificates, authority: x509.Certificate, names: Names, now: datetime) -> bool:
    certificate, key = _read_certificate(found.chain), _read_key(found.key)
    if certificate is None or key is None or certificate.public_key() != key.public_key():
        return False
    # A certificate that ends with its authority cannot be outlived by a new one.
    is_last = certificate.not_valid_after_utc >= authority.not_valid_after_utc
    if now >= certificate.not_valid_after_utc - RENEW_WITHIN and not is_last:
        return False
    try:
        certificate.verify_directly_issued_by(authority)
        shown = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except Exception:  # Foreign certificates fail in many ways, and each of them means: not ours, renew.
        return False
    return set(shown) == set(_alternative_names(names))


def _authority_certificate(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    serial = x509.random_serial_number()
    # The serial makes the name unique, so that a trust store with two of our authorities picks the right one.
    name = _name(f"keystead local authority {serial % 16**8:08x}")
    return (
        _builder(name, name, key.public_key(), serial, now, now + CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(is_authority=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def _issue_server(
    to: Certificates,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    names: Names,
    now: datetime,
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    until = min(now + LEAF_LIFETIME, authority.not_valid_after_utc)
    identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    certificate = (
        _builder(
            _name("keystead"), authority.subject, key.public_key(), x509.random_serial_number(), now, until
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(is_authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(_alternative_names(names)), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )
    # Should only one of the two be replaced before a crash, they do not belong together, and the next start renews.
    write_private(to.key, _key_pem(key))
    write_private(to.chain, _certificate_pem(certificate))


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    serial: int,
    now: datetime,
    until: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(serial)
        .not_valid_before((now - _BACKDATED).replace(microsecond=0))
        .not_valid_after(until.replace(microsecond=0))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _key_usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "keystead"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _alternative_names(names: Names) -> list[x509.GeneralName]:
    return [_alternative_name(name) for name in names.all()]


def _alternative_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _read_certificate(path: Path) -> x509.Certificate | None:
    """Return the first certificate of a file; None if there is none."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey | None:
    """Return the key of a file; None if there is none of the sort that we make."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return key if isinstance(key, ec.EllipticCurvePrivateKey) else None


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    # PKCS#8 is the one form that granian, which serves DNS over HTTPS, reads.
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _certificate_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
