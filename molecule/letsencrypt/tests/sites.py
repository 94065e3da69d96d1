"""The sites of this scenario, and what is served and kept for them."""

from __future__ import annotations

import json
import shlex
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import authority
import server
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from deployment import HOST, SSH_CONFIG

WWW, APEX, MESSENGER = "www.rare-books.test", "rare-books.test", "messenger.rare-books.test"
SHOP_CERTIFICATE, WILDCARD = "rare-books.test", "wildcard.rare-books.test"
DIRECTORY = "/opt/rarebooks/letsencrypt"
UNIT = "rarebooks-certificates.service"


@dataclass(frozen=True)
class Served:
    """A certificate as a visitor sees it, after his checks."""

    serial: str
    names: list[str]
    issuer: str
    key_type: str


def describe(certificate: x509.Certificate) -> Served:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    key_type = "ecdsa" if isinstance(certificate.public_key(), EllipticCurvePublicKey) else "rsa"
    return Served(f"{certificate.serial_number:x}", sorted(names), certificate.issuer.rfc4514_string(), key_type)


def served(host: str, ca_file: str = str(authority.BUNDLE)) -> Served:
    """Return what a visitor of a host is served, who trusts these authorities; an untrusted certificate is an error."""
    context = ssl.create_default_context(cafile=ca_file)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    with socket.create_connection((server.address(), 443), timeout=10) as plain, context.wrap_socket(plain, server_hostname=host) as tls:
        der = tls.getpeercert(binary_form=True)
    assert der
    return describe(x509.load_der_x509_certificate(der))


def on_disk(name: str) -> Served:
    """Return the certificate that nginx would read."""
    return describe(x509.load_pem_x509_certificate(server.run("cat", f"/etc/letsencrypt/live/{name}/fullchain.pem").encode()))


def timer_runs() -> tuple[int, str]:
    """Run what the timer runs; return the exit code and what the journal says of it."""
    script = f"systemctl start {UNIT}; code=$?; journalctl --sync; journalctl --unit {UNIT} --output cat --lines 60; exit $code"
    ssh = ["ssh", "-F", str(SSH_CONFIG), HOST, shlex.join(["sh", "-c", f"journalctl --rotate --vacuum-time=1s >/dev/null 2>&1; {script}"])]
    done = subprocess.run(ssh, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


@contextmanager
def due(name: str) -> Iterator[None]:
    """Have certbot find a certificate due, by its own setting."""
    settings = f"{DIRECTORY}/certbot/renewal/{name}.conf"
    server.run("sed", "-i", "1i renew_before_expiry = 3650 days", settings)
    try:
        yield
    finally:
        server.run("sed", "-i", "/^renew_before_expiry/d", settings)


def record(name: str) -> dict[str, Any]:
    """Return what the server remembers of a certificate's orders."""
    loaded: dict[str, Any] = json.loads(server.run("cat", f"{DIRECTORY}/orders/{name}.json"))
    return loaded


def forget_pause(name: str) -> None:
    """Let the next order be placed at once. An operator would wait; a test has no quarter of an hour."""
    server.run("rm", "--force", f"{DIRECTORY}/orders/{name}.json")
