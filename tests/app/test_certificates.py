"""The local authority and its server certificate: strict, private, renewed in time, never half-written."""

import socket
import ssl
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from keystead.access.tls import BadCertificates, load_certificates
from keystead.app.certificates import Certificates, Names, ensure_certificates, server_context

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class RealTime:
    """A clock whose real time a test sets; the movable one must not matter here."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def real_epoch(self) -> float:
        return self.at.timestamp()

    def epoch(self) -> float:
        raise AssertionError("certificates live by real time")

    def monotonic(self) -> float:
        raise AssertionError("certificates live by real time")


def ensure(directory: Path, at: datetime = START, **names: str) -> Certificates:
    return ensure_certificates(directory, names=Names(**names), clock=RealTime(at))


def read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> dict:
    """Return the certificate that `client` verified for `name`."""
    ours, theirs = socket.socketpair()
    ours.settimeout(10)
    theirs.settimeout(10)

    def serve() -> None:
        try:
            with server.wrap_socket(theirs, server_side=True) as connection:
                connection.recv(1)
        except OSError:
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(ours, server_hostname=name) as connection:
            return connection.getpeercert()
    finally:
        ours.close()
        thread.join()


def strictly_trusting(certificates: Certificates) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(certificates.authority))
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


@pytest.mark.parametrize(
    "name",
    [
        "localhost",
        "127.0.0.1",
        "::1",
        "bucket.creds.example",
        "view.route53globalresolver.creds.example",
        "creds.example",
        "198.51.100.7",
    ],
)
def test_strict_client_accepts_every_name(tmp_path, name):
    now = datetime.now(UTC)
    certificates = ensure(tmp_path, now, domain="creds.example", public_host="198.51.100.7")

    shake_hands(server_context(certificates), strictly_trusting(certificates), name)


def test_resolver_names_are_accepted_under_the_default_domain(tmp_path):
    certificates = ensure(tmp_path, datetime.now(UTC))

    name = "view.route53globalresolver.localhost"
    shake_hands(server_context(certificates), strictly_trusting(certificates), name)


def test_client_refuses_another_name(tmp_path):
    certificates = ensure(tmp_path, datetime.now(UTC))

    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(server_context(certificates), strictly_trusting(certificates), "example.com")


def test_files_are_private_and_nothing_is_left_aside(tmp_path):
    ensure(tmp_path / "tls")

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "tls").iterdir()}
    assert modes == {"ca.pem": 0o600, "ca.key": 0o600, "server.pem": 0o600, "server.key": 0o600}
    assert stat.S_IMODE((tmp_path / "tls").stat().st_mode) == 0o700


def test_keys_are_pkcs8_on_p256(tmp_path):
    ensure(tmp_path)

    for name in ("ca.key", "server.key"):
        pem = (tmp_path / name).read_bytes()
        assert pem.startswith(b"-----BEGIN PRIVATE KEY-----")
        assert serialization.load_pem_private_key(pem, password=None).curve.name == "secp256r1"


def test_extensions_are_those_of_rfc_5280(tmp_path):
    ensure(tmp_path)

    authority, server = read(tmp_path / "ca.pem"), read(tmp_path / "server.pem")

    ca = authority.extensions
    assert ca.get_extension_for_class(x509.BasicConstraints).critical
    assert ca.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(True, 0)
    assert ca.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    leaf = server.extensions
    assert leaf.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(False, None)
    assert leaf.get_extension_for_class(x509.KeyUsage).value.digital_signature
    assert not leaf.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    assert (
        leaf.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
        == ca.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    )
    assert authority.not_valid_after_utc == START + timedelta(days=3650)
    assert server.not_valid_after_utc == START + timedelta(days=397)
    assert server.not_valid_before_utc < START


def test_second_start_changes_nothing(tmp_path):
    ensure(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    ensure(tmp_path, START + timedelta(days=366))

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("days", "names"), [(368, {}), (400, {}), (1, {"domain": "creds.example"}), (1, {"public_host": "keys"})]
)
def test_server_certificate_is_renewed_by_the_same_authority(tmp_path, days, names):
    ensure(tmp_path)
    authority, old = read(tmp_path / "ca.pem"), read(tmp_path / "server.pem")

    ensure(tmp_path, START + timedelta(days=days), **names)

    new = read(tmp_path / "server.pem")
    assert read(tmp_path / "ca.pem") == authority
    assert new.serial_number != old.serial_number
    assert new.not_valid_after_utc == START + timedelta(days=days + 397)
    new.verify_directly_issued_by(authority)


def test_certificate_does_not_outlive_its_authority_and_is_not_renewed_in_vain(tmp_path):
    ensure(tmp_path)
    near_the_end = START + timedelta(days=3640)
    ensure(tmp_path, near_the_end)
    last = read(tmp_path / "server.pem")

    ensure(tmp_path, near_the_end + timedelta(days=1))

    assert read(tmp_path / "server.pem") == last
    assert last.not_valid_after_utc == read(tmp_path / "ca.pem").not_valid_after_utc


@pytest.mark.parametrize("damaged", ["server.pem", "server.key"])
@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN nothing"])
def test_damaged_server_files_are_replaced(tmp_path, damaged, content):
    certificates = ensure(tmp_path)
    if content is None:
        (tmp_path / damaged).unlink()
    else:
        (tmp_path / damaged).write_bytes(content)

    ensure(tmp_path)

    server_context(certificates)


def test_key_of_another_certificate_is_replaced(tmp_path):
    certificates = ensure(tmp_path / "a")
    (tmp_path / "a" / "server.key").write_bytes((ensure(tmp_path / "b").key).read_bytes())

    ensure(tmp_path / "a")

    server_context(certificates)


def test_authority_without_its_key_is_refused_rather_than_replaced(tmp_path):
    ensure(tmp_path)
    (tmp_path / "ca.key").unlink()

    with pytest.raises(BadCertificates, match=r"ca\.pem .*ca\.key are damaged"):
        ensure(tmp_path)


def test_ended_authority_is_refused_with_its_date(tmp_path):
    ensure(tmp_path)

    with pytest.raises(BadCertificates, match="ended on 2036-02-27"):
        ensure(tmp_path, START + timedelta(days=3651))


def test_users_own_certificates_are_served(tmp_path):
    made = ensure(tmp_path, datetime.now(UTC))

    context = server_context(Certificates(chain=made.chain, key=made.key))

    shake_hands(context, strictly_trusting(made), "localhost")


def test_files_that_do_not_belong_together_are_refused_and_the_old_ones_stay(tmp_path):
    old, other = ensure(tmp_path / "a", datetime.now(UTC)), ensure(tmp_path / "b", datetime.now(UTC))
    context = server_context(old)

    with pytest.raises(BadCertificates, match=r"server\.pem"):
        load_certificates(context, Certificates(chain=other.chain, key=old.key))

    shake_hands(context, strictly_trusting(old), "localhost")


def test_encrypted_key_is_refused_without_asking_for_a_password(tmp_path):
    made = ensure(tmp_path)
    key = serialization.load_pem_private_key(made.key.read_bytes(), password=None)
    made.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"canary"),
        )
    )

    with pytest.raises(BadCertificates, match=r"server\.key"):
        server_context(made)


@pytest.mark.parametrize("missing", ["chain", "key"])
def test_missing_file_is_named(tmp_path, missing):
    made = ensure(tmp_path)
    getattr(made, missing).unlink()

    with pytest.raises(BadCertificates, match="No such file"):
        server_context(made)
