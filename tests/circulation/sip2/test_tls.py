"""SIP2 inside TLS: a machine that checks our certificate, and what others get to see."""

import contextlib
import ipaddress
import socket
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.core.management import CommandError, call_command

from circulation.models import Loan
from circulation.protocols.sip2.server import tls_context
from tests.circulation.sip2.machine import Machine
from tests.circulation.sip2.running import server_process, serving, terminal
from tests.world import card_of


class SafeMachine(Machine):
    """The same machine; it talks to nobody whose certificate it cannot check."""

    trusted = ""

    def connect(self):
        super().connect()
        context = ssl.create_default_context(cafile=self.trusted or None)
        try:
            self.line = context.wrap_socket(self.line, server_hostname="127.0.0.1")
        except ssl.SSLError:
            self.hang_up()
            raise


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """(certificate, key), signed by itself, for 127.0.0.1 and a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sip2.test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return str(paths[0]), str(paths[1])


@pytest.mark.django_db(transaction=True)
def test_a_machine_lends_over_tls(world, certificate):
    terminal(world)
    item = world.item("三体")
    tls = tls_context(certificate=certificate[0], key=certificate[1])
    with serving(tls=tls) as port:
        machine = SafeMachine(port)
        machine.trusted = certificate[0]
        with machine as line:
            entered = line.log_in()
            lent = line.checkout(card_of(world.patrons["雪"]), item.barcode)
            version = line.line.version()

    assert (entered.fixed[0], lent.fixed[0]) == ("1", "1")
    assert version in ("TLSv1.2", "TLSv1.3")
    assert Loan.objects.get().item == item


@pytest.mark.django_db(transaction=True)
def test_in_clear_or_without_trust_nobody_gets_a_word(world, certificate):
    tls = tls_context(certificate=certificate[0], key=certificate[1])
    with serving(tls=tls) as port:
        with pytest.raises(ssl.SSLCertVerificationError), SafeMachine(port):
            pass
        with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
            line.sendall(Machine(port).frame("9300CNmachine|COsecret-1|CP|"))
            heard = b""
            with contextlib.suppress(ConnectionError):
                while more := line.recv(4096):
                    heard += more

    assert not heard.startswith(b"94")


@pytest.mark.server
@pytest.mark.slow
def test_the_command_takes_its_certificate_from_the_settings(certificate):
    environment = {
        "LIBRARY_NET_SIP2_TLS_CERT": certificate[0],
        "LIBRARY_NET_SIP2_TLS_KEY": certificate[1],
    }
    with server_process(environment=environment) as (port, _process):
        machine = SafeMachine(port)
        machine.trusted = certificate[0]
        with machine as line:
            assert line.line.getpeercert()["subject"]


def test_a_certificate_that_cannot_be_used_is_said_at_once(certificate, settings, tmp_path):
    settings.SIP2_TLS_CERT, settings.SIP2_TLS_KEY = certificate[0], str(tmp_path / "nowhere.pem")

    with pytest.raises(CommandError, match="LIBRARY_NET_SIP2_TLS_KEY"):
        call_command("sip2_server", "--port", "0")
