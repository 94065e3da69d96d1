"""Certificates of an authority of the operator's own, in files on his machine. It issues through an intermediate, as real ones do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

LIFE = timedelta(days=60)


@dataclass(frozen=True)
class Issuer:
    """A certificate that issues others, and its key."""

    name: x509.Name
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def make(cls, name: str, above: Issuer | None = None) -> Issuer:
        key, subject = ec.generate_private_key(ec.SECP256R1()), _name(name)
        builder = _builder(above.name if above else subject, subject, key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        return cls(subject, builder.sign(above.key if above else key, hashes.SHA256()), key)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(issuer: x509.Name, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(timezone.utc)
    return x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number(), now - timedelta(hours=1), now + LIFE)


@dataclass(frozen=True)
class Authority:
    """A root and an intermediate below it."""

    root: Issuer
    intermediate: Issuer

    @classmethod
    def make(cls) -> Authority:
        root = Issuer.make("The operator's own authority")
        return cls(root, Issuer.make("The operator's own authority, issuing", root))

    def provide(self, directory: Path, sites: dict[str, list[str]], whole: bool = True) -> dict[str, dict[str, str]]:
        """Return certificates_provided for these names, with chains that are whole or lack the intermediate."""
        provided = {}
        for name, hosts in sites.items():
            key = ec.generate_private_key(ec.SECP256R1())
            alternatives = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
            builder = _builder(self.intermediate.name, _name(hosts[0]), key.public_key()).add_extension(alternatives, critical=False)
            chain = builder.sign(self.intermediate.key, hashes.SHA256()).public_bytes(Encoding.PEM)
            files = {"certificate": directory / f"{name}.pem", "key": directory / f"{name}.key"}
            files["certificate"].write_bytes(chain + (self.intermediate.pem if whole else b""))
            files["key"].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            provided[name] = {part: str(path) for part, path in files.items()}
        return provided
