# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of the certificate files that an operator provides."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path

try:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    HAS_CRYPTOGRAPHY = True
except ImportError:
    HAS_CRYPTOGRAPHY = False


def covers(subject_names: Iterable[str], host: str) -> bool:
    """Whether a subject alternative name matches a host; a wildcard stands for one label (RFC 6125, 6.4.3)."""
    parent = host.partition(".")[2]
    return any(name == host or (name.startswith("*.") and name[2:] == parent) for name in map(str.lower, subject_names))


def subject_names(certificate: x509.Certificate) -> list[str]:
    """Return the DNS names among the subject alternative names."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return extension.value.get_values_for_type(x509.DNSName)


def problems(name: str, certificate_file: str, key_file: str, hosts: Iterable[str], now: datetime) -> list[str]:
    """Return one sentence for each reason why these files cannot serve these hosts."""
    where = f"Certificate {name}"
    if not HAS_CRYPTOGRAPHY:
        return [f"{where}: expected the Python library cryptography on the controller, got none. Run pip install cryptography."]
    relative = [path for path in (certificate_file, key_file) if not Path(path).is_absolute()]
    if relative:
        got = ", ".join(relative)
        return [f"{where}: expected absolute paths in certificates_provided, got {got}. Begin them with {{{{ inventory_dir }}}}."]
    try:
        certificates = x509.load_pem_x509_certificates(Path(certificate_file).read_bytes())
        key = load_pem_private_key(Path(key_file).read_bytes(), password=None)
    except OSError as error:
        return [f"{where}: expected the file {error.filename}, got: {error.strerror}. Correct certificates_provided."]
    except (ValueError, TypeError) as error:
        return [f"{where}: expected PEM files with a chain and an unencrypted key, got: {error}."]
    leaf, found = certificates[0], []
    spki = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if leaf.public_key().public_bytes(*spki) != key.public_key().public_bytes(*spki):
        found.append(f"{where}: expected the key that belongs to {certificate_file}, got another one in {key_file}.")
    if leaf.not_valid_after_utc <= now:
        found.append(f"{where}: expected a valid certificate, got one that expired on {leaf.not_valid_after_utc:%Y-%m-%d}.")
    if leaf.not_valid_before_utc > now:
        found.append(f"{where}: expected a valid certificate, got one valid from {leaf.not_valid_before_utc:%Y-%m-%d} on.")
    names = subject_names(leaf)
    missing = [host for host in hosts if not covers(names, host)]
    if missing:
        found.append(
            f"{where}: expected it to cover {', '.join(missing)}, got {', '.join(names) or 'no names'}. "
            "Give a certificate that covers each server name of the sites that use it."
        )
    return found


def utc_now() -> datetime:
    """Return the present time, with its zone."""
    return datetime.now(timezone.utc)
