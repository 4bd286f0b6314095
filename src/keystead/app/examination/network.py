"""Where the server listens, and what its certificate promises."""

import socket
from collections.abc import Iterator
from contextlib import closing

from cryptography import x509

from keystead.access.tls import BadCertificates
from keystead.app.certificates import Certificates, Names, server_context
from keystead.app.examination.finding import Finding, Patient, ok, problem, warning
from keystead.config.values import Address
from keystead.kernel.clock import SystemClock, real_now

_RENEW_DAYS = 30


def examine_ports(patient: Patient) -> Iterator[Finding]:
    """Try the address of every listener over TCP."""
    settings = patient.settings
    listeners = {"http": settings.http, "https": settings.https, "doh": settings.doh, "dot": settings.dot}
    if settings.do53 is not None:
        listeners["do53"] = settings.do53
    for name, address in listeners.items():
        yield _judge_port(patient, name, address)


def _judge_port(patient: Patient, name: str, address: Address) -> Finding:
    subject = f"{name} address"
    if patient.ready is not None:
        # The settings in force here may be others: that server was started with flags of its own.
        address_of_server = patient.ready.get(name)
        told = f"our server answers at {address_of_server}" if address_of_server else "our server has none"
        return ok(subject, told)
    if address.port == 0:
        return ok(subject, "a free port is taken at each start")
    try:
        family, kind, number, _, target = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with closing(socket.socket(family, kind, number)) as probe:
            # As the server does: a port that a closed connection still lingers on is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(target)
    except OSError as error:
        remedy = (
            f"see who has it: ss -ltnp 'sport = :{address.port}'; or keystead serve --{name} {address.host}:0"
        )
        return problem(subject, f"{address}: {error.strerror}", remedy)
    return ok(subject, f"{address} is free")


def examine_tls(patient: Patient) -> Iterator[Finding]:
    """Look at the server's certificate: present, with its key, in time, and for the names in use."""
    settings = patient.settings
    folder = settings.data / "tls"
    is_local = settings.tls_certificate is None
    files = Certificates(
        settings.tls_certificate or folder / "server.pem", settings.tls_key or folder / "server.key"
    )
    renew = (
        "the next keystead serve renews it"
        if is_local
        else "have a new one made, then start the server again"
    )
    try:
        server_context(files)
        certificate = x509.load_pem_x509_certificate(files.chain.read_bytes())
    except (BadCertificates, OSError, ValueError) as error:
        yield problem("certificate", str(error), renew)
        return
    days = (certificate.not_valid_after_utc - real_now(SystemClock())).days
    told = f"{files.chain} is valid for {days} days more"
    if days < 0:
        yield problem("certificate", f"{files.chain} ended {-days} days ago", renew)
    elif days < _RENEW_DAYS:
        yield warning("certificate", told, renew)
    else:
        yield ok("certificate", told)
    yield from _examine_names(patient, certificate, renew)


def _examine_names(patient: Patient, certificate: x509.Certificate, renew: str) -> Iterator[Finding]:
    settings = patient.settings
    wanted = Names(settings.domain, settings.public_host or None).all()
    shown = _names(certificate)
    missing = [name for name in wanted if name not in shown] if settings.tls_certificate is None else []
    if missing:
        yield warning("certificate names", f"it does not name {', '.join(missing)}", renew)
    elif "." not in settings.domain:
        # RFC 6125 leaves this to the client; OpenSSL wants two labels after a star.
        yield ok(
            "certificate names",
            f"{', '.join(shown)}; OpenSSL clients refuse *.{settings.domain}: virtual-host names over HTTPS "
            "need a --domain of two labels, such as keys.test",
        )
    else:
        yield ok("certificate names", ", ".join(shown))


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        shown = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [str(each.value) for each in shown]
