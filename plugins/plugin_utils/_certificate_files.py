# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of the certificate files that an operator provides."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path

from ansible_collections.rarebooks.platform.plugins.module_utils._certificate import IMPORT_ERROR, CertificateError, parse_der

try:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
except ImportError:
    pass  # IMPORT_ERROR says so


def problems(name: str, certificate_file: str, key_file: str, hosts: Iterable[str], now: datetime) -> list[str]:
    """Return one sentence for each reason why these files cannot serve these hosts."""
    where = f"Certificate {name}"
    if IMPORT_ERROR:
        return [f"{where}: expected the Python library cryptography on the controller, got none. Run pip install cryptography."]
    relative = [path for path in (certificate_file, key_file) if not Path(path).is_absolute()]
    if relative:
        got = ", ".join(relative)
        return [f"{where}: expected absolute paths in certificates_provided, got {got}. Begin them with {{{{ inventory_dir }}}}."]
    try:
        first = x509.load_pem_x509_certificates(Path(certificate_file).read_bytes())[0]
        leaf = parse_der(first.public_bytes(Encoding.DER))
        key = load_pem_private_key(Path(key_file).read_bytes(), password=None)
    except OSError as error:
        return [f"{where}: expected the file {error.filename}, got: {error.strerror}. Correct certificates_provided."]
    except (ValueError, TypeError, CertificateError) as error:
        return [f"{where}: expected PEM files with a chain and an unencrypted key, got: {error}."]
    found = []
    spki = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if first.public_key().public_bytes(*spki) != key.public_key().public_bytes(*spki):
        found.append(f"{where}: expected the key that belongs to {certificate_file}, got another one in {key_file}.")
    if leaf.not_after <= now:
        found.append(f"{where}: expected a valid certificate, got one that expired on {leaf.not_after:%Y-%m-%d}.")
    if leaf.not_before > now:
        found.append(f"{where}: expected a valid certificate, got one valid from {leaf.not_before:%Y-%m-%d} on.")
    missing = [host for host in hosts if not leaf.covers(host)]
    if missing:
        found.append(
            f"{where}: expected it to cover {', '.join(missing)}, got {', '.join(leaf.subject_names) or 'no names'}. "
            "Give a certificate that covers each server name of the sites that use it."
        )
    return found


def utc_now() -> datetime:
    """Return the present time, with its zone."""
    return datetime.now(timezone.utc)
