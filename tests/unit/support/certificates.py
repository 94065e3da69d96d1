"""Certificates for tests, made here: a small authority and what it issues."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.live import Pair
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


def pair(*names: str, days: float = 90, left: float = 90, key_type: str = "ecdsa", issuer: str = "Test authority") -> Pair:
    """Return a certificate for names with so many days of life, of which so many are left, and its key."""
    key = ec.generate_private_key(ec.SECP256R1()) if key_type == "ecdsa" else rsa.generate_private_key(65537, 2048)
    end = datetime.now(timezone.utc) + left * DAY
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    builder = x509.CertificateBuilder(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]),
        subject,
        key.public_key(),
        x509.random_serial_number(),
        end - days * DAY,
        end,
    )
    subject_names = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    certificate = builder.add_extension(subject_names, critical=False).sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Pair(certificate.public_bytes(Encoding.PEM), private)


@dataclass(frozen=True)
class Authority:
    """An authority that issues certificates, and authorities below it."""

    name: str
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def root(cls, name: str = "Test root") -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        return cls(name, _sign(name, key, name, key.public_key(), _CA), key)

    def below(self, name: str = "Test intermediate") -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        return Authority(name, _sign(self.name, self.key, name, key.public_key(), _CA), key)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def issue(self, *names: str, left: float = 60, begins: float = -30) -> Pair:
        """Return a certificate for names and its key, without any other certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        leaf = _sign(self.name, self.key, names[0], key.public_key(), alternatives, begins, left)
        return Pair(leaf.public_bytes(Encoding.PEM), key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


_CA = x509.BasicConstraints(ca=True, path_length=None)


def _sign(
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    subject: str,
    key: ec.EllipticCurvePublicKey,
    extension: x509.ExtensionType,
    begins: float = -30,
    left: float = 300,
) -> x509.Certificate:
    now = datetime.now(timezone.utc)
    by, of = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in (issuer, subject))
    builder = x509.CertificateBuilder(by, of, key, x509.random_serial_number(), now + begins * DAY, now + left * DAY)
    return builder.add_extension(extension, critical=extension is _CA).sign(issuer_key, hashes.SHA256())
