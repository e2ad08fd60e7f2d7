"""A publisher on 127.0.0.1: an HTTPS server with a certificate authority of its own, that serves what a test says."""

import datetime as dt
import ipaddress
import ssl
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = dt.timedelta(days=1)


@dataclass
class Answer:
    """What the server says to a request; `stated` is a Content-Length that need not be true."""

    body: bytes = b""
    type: str | None = "application/json"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    stated: int | None = None
    is_chunked: bool = False
    pause: float = 0
    """Seconds between two bytes."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.close_connection = True
        answer = self.server.answers.get(self.path.rpartition("/")[2], Answer(status=404))
        self.server.asked.append(self.path)
        self.send_response(answer.status)
        if answer.type is not None:
            self.send_header("Content-Type", answer.type)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.is_chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header(
                "Content-Length", str(len(answer.body) if answer.stated is None else answer.stated)
            )
        self.end_headers()
        if answer.is_chunked:
            self.wfile.write(b"%x\r\n%s" % (len(answer.body) + 10, answer.body))
        elif answer.pause:
            for byte in answer.body:
                self.wfile.write(bytes([byte]))
                time.sleep(answer.pause)
        else:
            self.wfile.write(answer.body)

    def log_message(self, *_words):
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def handle_error(self, *_words):
        pass  # a client that hangs up is part of the tests


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(subject, issuer, key, signer, *extensions):
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
    )
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, critical=is_critical)
    return builder.sign(signer, hashes.SHA256())


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def make_authority(folder):
    """Write ca.pem, server.pem and server.key; gives the path of ca.pem."""
    folder.mkdir(parents=True, exist_ok=True)
    root, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    authority = _certificate(
        "a test authority", "a test authority", root, root,
        (x509.BasicConstraints(ca=True, path_length=0), True), (usage, True),
    )  # fmt: skip
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    served = _certificate("127.0.0.1", "a test authority", key, root, (names, False))
    (folder / "ca.pem").write_bytes(_pem(authority))
    (folder / "server.pem").write_bytes(_pem(served))
    (folder / "server.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return folder / "ca.pem"


@contextmanager
def serving(folder, answers):
    """Serve answers by file name; gives the base URL and the list of what was asked for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    server = _Server(("127.0.0.1", 0), _Handler)
    server.answers, server.asked = answers, []
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}/mirror", server.asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
