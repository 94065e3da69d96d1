"""Certificates that must be refused."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


def write(directory: Path, name: str, *hosts: str, expired: bool = False, other_key: bool = False) -> dict[str, str]:
    """Write a chain and a key, and return them as certificates_provided takes them."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(timezone.utc)
    end = now - DAY if expired else now + DAY
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), now - 9 * DAY, end)
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
    certificate = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    if other_key:
        key = ec.generate_private_key(ec.SECP256R1())
    paths = {"certificate": directory / f"{name}.pem", "key": directory / f"{name}.key"}
    paths["certificate"].write_bytes(certificate.public_bytes(Encoding.PEM))
    paths["key"].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return {part: str(path) for part, path in paths.items()}
