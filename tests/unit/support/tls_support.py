"""Certificates made for a test, and a server that shows them."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

HOST = "www.rare-books.test"
NOW = datetime.now(timezone.utc)


def named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else [])


def signed(
    subject: x509.Name, issuer: x509.Name, public: Any, private: Any, ends: datetime, *names: str, ca: bool = False
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=30))
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if names:
        alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(alternative, critical=not list(subject))
    return builder.sign(private, hashes.SHA256())


def pem(*parts: Any) -> bytes:
    return b"".join(
        part.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        if hasattr(part, "private_bytes")
        else part.public_bytes(Encoding.PEM)
        for part in parts
    )


class Authority:
    """A certification authority that lives as long as the test; below a parent it is an intermediate."""

    def __init__(self, directory: Path, name: str, parent: Authority | None = None) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = named(name)
        self.directory = directory
        self.file = directory / f"{name}.pem"
        above = parent or self
        self.certificate = signed(self.name, above.name, self.key.public_key(), above.key, NOW + timedelta(days=365), ca=True)
        self.file.write_bytes(pem(self.certificate))

    def issue(self, *names: str, ends: datetime = NOW + timedelta(days=90), common_name: str = "") -> Path:
        """Return a file with a new certificate for the names and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = signed(named(common_name), self.name, key.public_key(), self.key, ends, *names)
        file = self.directory / f"{certificate.serial_number:x}.pem"
        file.write_bytes(pem(key, certificate))
        return file


def self_signed(directory: Path, host: str) -> Path:
    """Return a file with a certificate that signs itself, though it is no authority, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    file = directory / f"self-signed-{host}.pem"
    ends = NOW + timedelta(days=90)
    file.write_bytes(pem(key, signed(named(host), named(host), key.public_key(), key, ends, host)))
    return file


class TlsServer:
    """Makes handshakes on 127.0.0.1, one connection after another, and remembers how it was asked.

    ``instead`` has what to do with the n-th connection in place of a handshake.
    """

    def __init__(self, file: Path) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(file)
        self.context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self.names: list[str | None] = []
        self.connections = 0
        self.instead: dict[int, Callable[[socket.socket], Any]] = {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> TlsServer:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # ends accept()
        self._thread.join()
        self._listener.close()

    def accept_old_tls(self, without: int = 0) -> None:
        """Accept TLS 1.0 and 1.1 as well, except what an option forbids."""
        self.context.set_ciphers("ALL:@SECLEVEL=0")
        self.context.minimum_version = ssl.TLSVersion.TLSv1
        self.context.options |= without

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            connection.settimeout(5)
            try:
                with connection:
                    if self.connections in self.instead:
                        self.instead[self.connections](connection)
                        continue
                    with self.context.wrap_socket(connection, server_side=True) as tls:
                        tls.recv(1)
            except OSError:
                pass  # the client does not trust it or is refused, as most of these tests want
