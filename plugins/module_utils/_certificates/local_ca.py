# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The server's own certificate authority, and what it issues. Works with cryptography from 3.4.8 (Ubuntu 22.04) to the newest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .._base.files import read_if_exists, write_durably
from . import trial
from .certificate import CertificateError, moment
from .live import PRIVATE_FILE, PUBLIC_DIRECTORY, PUBLIC_FILE, Pair

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_pem_private_key,
    )
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
except ImportError:  # See _base.libraries.
    pass

# Characters of a common name at most (X.520, ub-common-name).
COMMON_NAME = 64
# Browsers refuse leaf certificates valid for longer (CA/Browser Forum baseline requirements, 6.3.2, since 2020).
LEAF_DAYS = 397
CA_DAYS = 3650
# A certificate that ends within so many days is issued again.
RENEW_DAYS = 30
USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass(frozen=True)
class Authority:
    """The certificate of the authority; its key is read where it signs."""

    directory: str
    certificate: Any

    @property
    def file(self) -> str:
        return certificate_file(self.directory)

    @property
    def not_after(self) -> datetime:
        return moment(self.certificate, "not_valid_after")

    def issued(self, leaf: Any) -> bool:
        """Say whether a certificate bears the mark of this authority's key."""
        return bool(leaf.issuer == self.certificate.subject and _authority_key(leaf) == _subject_key(self.certificate))

    def issue(self, names: Sequence[str], now: datetime) -> Pair:
        """Return a new certificate for names, with a key of its own."""
        key_file = os.path.join(self.directory, "ca.key")
        stored = read_if_exists(key_file)
        if stored is None:
            raise CertificateError(
                f"{key_file}: expected the key of the local CA, with which certificates are issued, got no such file. Put it back, or move "
                f"{self.directory} away and deploy again; then everybody has to trust the new root."
            )
        if self.not_after < now + timedelta(days=LEAF_DAYS):
            raise CertificateError(
                f"{self.file}: expected it to be valid for {LEAF_DAYS} days more, got one that expires on {self.not_after:%Y-%m-%d}. Move "
                "the directory away and deploy again; then everybody has to trust the new root."
            )
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _subject(names)
        builder = _builder(subject, self.certificate.subject, key.public_key(), now, LEAF_DAYS)
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        # Without a subject the names are all there is to go by (RFC 5280, 4.2.1.6).
        builder = builder.add_extension(alternatives, critical=not list(subject))
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage("digital_signature"), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        mark = x509.AuthorityKeyIdentifier(_subject_key(self.certificate), None, None)
        builder = builder.add_extension(mark, critical=False)
        own: Any = load_pem_private_key(stored, password=None)
        signed = builder.sign(own, hashes.SHA256())
        return Pair(signed.public_bytes(Encoding.PEM), _private(key))


def certificate_file(directory: str) -> str:
    return os.path.join(directory, "ca.pem")


def load(directory: str) -> Authority | None:
    """Return the authority of a directory, None where there is none yet."""
    content = read_if_exists(certificate_file(directory))
    if content is None:
        return None
    try:
        return Authority(directory, x509.load_pem_x509_certificate(content))
    except ValueError as error:
        raise CertificateError(
            f"{certificate_file(directory)}: expected the certificate of the local CA, got a file that is none: {error}. Put it back, or "
            f"move {directory} away and deploy again; then everybody has to trust the new root."
        ) from error


def create(directory: str, host: str, now: datetime) -> Authority:
    """Make an authority; a key that is there is taken."""
    os.makedirs(directory, exist_ok=True)
    os.chmod(directory, PUBLIC_DIRECTORY)
    key_file = os.path.join(directory, "ca.key")
    stored = read_if_exists(key_file)
    if stored is None:
        stored = _private(ec.generate_private_key(ec.SECP384R1()))
        write_durably(key_file, stored, PRIVATE_FILE)
    key: Any = load_pem_private_key(stored, password=None)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name(host))])
    builder = _builder(name, name, key.public_key(), now, CA_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    content = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    write_durably(certificate_file(directory), content, PUBLIC_FILE)
    return Authority(directory, x509.load_pem_x509_certificate(content))


def common_name(host: str) -> str:
    """Return the authority's name; of a long host the beginning, and a digest that tells it from others that begin alike."""
    name = f"RareBooks platform CA of {host}"
    if len(name) <= COMMON_NAME:
        return name
    digest = hashlib.sha256(host.encode()).hexdigest()[:8]
    return f"{name[: COMMON_NAME - len(digest) - 1]}~{digest}"


def reason(pair: Pair | None, names: Sequence[str], authority: Authority | None, now: datetime) -> str:
    """Return why a certificate has to be issued, nothing where it need not."""
    if pair is None:
        return "there is none yet"
    try:
        leaf, found = x509.load_pem_x509_certificate(pair.chain), pair.leaf
    except (ValueError, CertificateError):
        return "what is there cannot be read"
    if authority is None or not authority.issued(leaf):
        return "it was not issued by the local CA"
    if sorted(found.subject_names) != sorted(name.lower() for name in names):
        return f"it covers {', '.join(found.subject_names)}"
    if found.days_left(now) < RENEW_DAYS:
        return f"it ends on {found.not_after:%Y-%m-%d}"
    if trial.usable(pair) is None:
        return "its key is not there or that of another one"
    return ""


def _subject(names: Sequence[str]) -> x509.Name:
    """Return the first name that fits; browsers look at the alternative names alone."""
    fitting = [name for name in names if len(name) <= COMMON_NAME][:1]
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in fitting])


def _builder(subject: x509.Name, issuer: x509.Name, key: Any, now: datetime, days: int) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number(), now, now + timedelta(days=days))


def _usage(*wanted: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{usage: usage in wanted for usage in USAGES})


def _private(key: Any) -> bytes:
    private: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private


def _subject_key(certificate: Any) -> bytes:
    try:
        return bytes(certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest)
    except x509.ExtensionNotFound:
        return bytes(x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest)


def _authority_key(certificate: Any) -> bytes | None:
    try:
        found: bytes | None = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    except x509.ExtensionNotFound:
        return None
    return found
