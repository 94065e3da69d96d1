# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a certificate says of itself. Works with cryptography from 3.4.8 (Ubuntu 22.04) to the newest."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from .._base.errors import PlatformError

try:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.x509.oid import NameOID
except ImportError:  # See _base.libraries.
    pass

# cryptography reads several certificates of a file at once only from 39 on.
PEM = re.compile("-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class CertificateError(PlatformError):
    """A certificate is missing or cannot be read."""


@dataclass(frozen=True)
class Certificate:
    """A certificate; names are in lower case, times in UTC."""

    der: bytes
    serial: int
    issuer: str
    subject_names: list[str]
    not_before: datetime
    not_after: datetime
    key_type: str
    self_issued: bool

    @property
    def serial_hex(self) -> str:
        """Whole bytes, as openssl shows them, so that one can be searched for the other."""
        digits = f"{self.serial:x}"
        return digits.zfill(len(digits) + len(digits) % 2)

    def days_left(self, now: datetime) -> float:
        return (self.not_after - now) / timedelta(days=1)

    def covers(self, host: str) -> bool:
        return covers(self.subject_names, host)


def covers(subject_names: Iterable[str], host: str) -> bool:
    """Whether a subject alternative name matches a host; a wildcard stands for one label (RFC 6125, 6.4.3)."""
    host = host.lower()
    parent = host.partition(".")[2]
    return any(name == host or (name.startswith("*.") and name[2:] == parent) for name in map(str.lower, subject_names))


def parse_der(der: bytes) -> Certificate:
    """Return what a certificate says."""
    try:
        found = x509.load_der_x509_certificate(der)
        return Certificate(
            der=der,
            serial=found.serial_number,
            issuer=issuer(found.issuer),
            subject_names=dns_names(found),
            not_before=moment(found, "not_valid_before"),
            not_after=moment(found, "not_valid_after"),
            key_type=key_type(found.public_key()),
            self_issued=found.issuer == found.subject,
        )
    except (
        ValueError,
        UnsupportedAlgorithm,
        x509.DuplicateExtension,
        x509.InvalidVersion,
        x509.UnsupportedGeneralNameType,
    ) as error:
        raise CertificateError(f"expected a certificate, got {len(der)} bytes that cannot be read as one: {error}") from error


def parse_pem(data: bytes) -> list[Certificate]:
    """Return the certificates of a PEM text, which are at least one; whatever else is in it is skipped."""
    # Only what is between the markers has to be ASCII: files begin with comments in any encoding.
    blocks = PEM.findall(data.decode("latin-1"))
    if not blocks:
        raise CertificateError("a file without one")
    try:
        return [parse_der(ssl.PEM_cert_to_DER_cert(block)) for block in blocks]
    except ValueError as error:
        raise CertificateError(str(error)) from error


def read_chain(path: str) -> list[Certificate]:
    """Return the certificates of a PEM file."""
    try:
        return parse_pem(Path(path).read_bytes())
    except OSError as error:
        raise CertificateError(f"expected PEM certificates in {path}, got: {error.strerror}") from error
    except CertificateError as error:
        raise CertificateError(f"expected PEM certificates in {path}, got: {error}") from None


def issuer(name: x509.Name) -> str:
    """Return what people call an issuer."""
    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for attribute in name.get_attributes_for_oid(oid):
            return str(attribute.value)
    return name.rfc4514_string()


def dns_names(certificate: x509.Certificate) -> list[str]:
    """Return the DNS names among the subject alternative names."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return [name.lower() for name in extension.value.get_values_for_type(x509.DNSName)]


def moment(certificate: Any, name: str) -> datetime:
    """Return a time with its zone; the attributes without one warn from cryptography 42 on, which has others."""
    aware: datetime | None = getattr(certificate, f"{name}_utc", None)
    if aware is not None:
        return aware
    naive: datetime = getattr(certificate, name)
    return naive.replace(tzinfo=timezone.utc)


def key_type(key: Any) -> str:
    if isinstance(key, EllipticCurvePublicKey):
        return "ecdsa"
    if isinstance(key, RSAPublicKey):
        return "rsa"
    # Old releases of cryptography put an underscore before the names of their classes.
    return type(key).__name__.lstrip("_").removesuffix("PublicKey").lower()
