"""Certificates of an authority of the operator's own, in files on his machine, which his server trusts."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

ISSUER = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "The operator's own authority")])
LIFE = timedelta(days=60)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _builder(subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(timezone.utc)
    return x509.CertificateBuilder(ISSUER, subject, key, x509.random_serial_number(), now - timedelta(hours=1), now + LIFE)


def make(directory: Path, sites: dict[str, list[str]]) -> tuple[str, dict[str, dict[str, str]]]:
    """Return the authority's certificate (PEM) and certificates_provided for these names."""
    authority_key = ec.generate_private_key(ec.SECP256R1())
    constraints = x509.BasicConstraints(ca=True, path_length=0)
    root = _builder(ISSUER, authority_key.public_key()).add_extension(constraints, critical=True).sign(authority_key, hashes.SHA256())
    provided = {}
    for name, hosts in sites.items():
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
        leaf = _builder(subject, key.public_key()).add_extension(names, critical=False).sign(authority_key, hashes.SHA256())
        files = {"certificate": directory / f"{name}.pem", "key": directory / f"{name}.key"}
        files["certificate"].write_bytes(leaf.public_bytes(Encoding.PEM))
        files["key"].write_bytes(_pem(key))
        provided[name] = {part: str(path) for part, path in files.items()}
    return root.public_bytes(Encoding.PEM).decode(), provided
