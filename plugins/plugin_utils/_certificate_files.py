# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of the certificate files that an operator provides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timezone
from itertools import pairwise
from pathlib import Path

from ansible_collections.rarebooks.platform.plugins.module_utils._base.libraries import CRYPTOGRAPHY
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.certificate import CertificateError, parse_der

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
except ImportError:
    pass  # CRYPTOGRAPHY.is_missing says so


def problems(
    name: str, certificate_file: str, key_file: str, hosts: Iterable[str], now: datetime, read: Callable[[str], bytes]
) -> list[str]:
    """Return one sentence for each reason why these files cannot serve these hosts."""
    where = f"Certificate {name}"
    if CRYPTOGRAPHY.is_missing:
        return [f"{where}: expected the Python library cryptography on the controller, got none. Run pip install cryptography."]
    relative = [path for path in (certificate_file, key_file) if not Path(path).is_absolute()]
    if relative:
        got = ", ".join(relative)
        return [f"{where}: expected absolute paths in certificates_provided, got {got}. Begin them with {{{{ inventory_dir }}}}."]
    try:
        texts = {path: read(path) for path in (certificate_file, key_file)}
        if strange := [path for path in texts if not _is_text(texts[path])]:
            got = ", ".join(strange)
            return [f"{where}: expected PEM files in UTF-8, got {got}. Remove what is not between BEGIN and END, or is no PEM."]
        chain = x509.load_pem_x509_certificates(texts[certificate_file])
        leaf = parse_der(chain[0].public_bytes(Encoding.DER))
        key = load_pem_private_key(texts[key_file], password=None)
    except OSError as error:
        return [f"{where}: expected the file {error.filename}, got: {error.strerror}. Correct certificates_provided."]
    except TypeError:
        return [
            f"{where}: expected a key without a password, since nobody could type it when nginx starts, got an encrypted one in "
            f"{key_file}. Decrypt it with `openssl pkey -in FILE -out FILE`, and encrypt the file with ansible-vault instead."
        ]
    except (ValueError, CertificateError) as error:
        return [f"{where}: expected PEM files with a chain and an unencrypted key, got: {error}."]
    found = []
    spki = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if chain[0].public_key().public_bytes(*spki) != key.public_key().public_bytes(*spki):
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
    return [*found, *(f"{where}: {text}" for text in _disorder(certificate_file, chain))]


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _disorder(file: str, chain: Sequence[x509.Certificate]) -> Iterator[str]:
    """Say where a certificate is not issued by the next one; a server has to send them so (RFC 5246, 7.4.2), and clients rely on it."""
    for number, (one, following) in enumerate(pairwise(chain), start=1):
        if not _issued_by(one, following):
            yield (
                f"expected each certificate in {file} to be issued by the next one, got number {number} ({_shown(one.subject)}, issued by "
                f"{_shown(one.issuer)}) before {_shown(following.subject)}. Put the site's certificate first, then its issuer's, and so "
                "on, and nothing else."
            )
            return


def _issued_by(one: x509.Certificate, other: x509.Certificate) -> bool:
    try:
        one.verify_directly_issued_by(other)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _shown(name: x509.Name) -> str:
    return name.rfc4514_string() or "a certificate without a subject"


def utc_now() -> datetime:
    """Return the present time, with its zone."""
    return datetime.now(timezone.utc)
