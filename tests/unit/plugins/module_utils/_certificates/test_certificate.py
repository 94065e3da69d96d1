# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Certificates are read as others wrote them, on cryptography old and new."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.certificate import (
    Certificate,
    CertificateError,
    covers,
    moment,
    parse_der,
    read_chain,
)
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from tls_support import HOST, NOW, Authority, named, self_signed, signed

KEY = ec.generate_private_key(ec.SECP256R1())


def made(issuer: x509.Name, key: Any = KEY, *names: str) -> Certificate:
    certificate = signed(named("someone"), issuer, key.public_key(), KEY, NOW + timedelta(days=90), *names)
    return parse_der(certificate.public_bytes(Encoding.DER))


@pytest.mark.filterwarnings("error")
def test_all_of_a_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "Our CA")
    (leaf,) = read_chain(str(authority.issue("WWW.rare-books.test", "*.rare-books.test")))
    assert leaf.subject_names == ["www.rare-books.test", "*.rare-books.test"]
    assert (leaf.issuer, leaf.key_type, leaf.self_issued) == ("Our CA", "ecdsa", False)
    whole = NOW.replace(microsecond=0)
    assert (leaf.not_before, leaf.not_after) == (whole - timedelta(days=30), whole + timedelta(days=90))
    assert leaf.not_after.utcoffset() == leaf.not_before.utcoffset() == timedelta(0)
    assert leaf.days_left(whole + timedelta(days=89.5)) == 0.5
    assert leaf.days_left(whole + timedelta(days=91)) == -1
    assert leaf.covers("Chat.rare-books.test") and not leaf.covers("a.b.rare-books.test")
    assert parse_der(leaf.der) == leaf


@pytest.mark.parametrize(("serial", "expected"), [(0x0A1B, "0a1b"), (0xABC, "0abc"), (0xFE, "fe"), (5, "05")])
def test_serials_are_shown_as_openssl_does(serial: int, expected: str) -> None:
    assert Certificate(b"", serial, "", [], NOW, NOW, "", False).serial_hex == expected


def test_what_signs_itself_says_so(tmp_path: Path) -> None:
    assert read_chain(str(self_signed(tmp_path, HOST)))[0].self_issued
    assert made(named("someone else")).self_issued is False


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ([(NameOID.ORGANIZATION_NAME, "Let's Encrypt"), (NameOID.COMMON_NAME, "E7")], "E7"),
        ([(NameOID.COUNTRY_NAME, "US"), (NameOID.ORGANIZATION_NAME, "Let's Encrypt")], "Let's Encrypt"),
        ([(NameOID.COUNTRY_NAME, "US")], "C=US"),
    ],
)
def test_an_issuer_is_called_as_people_do(attributes: list[tuple[Any, str]], expected: str) -> None:
    assert made(x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])).issuer == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [(rsa.generate_private_key(65537, 2048), "rsa"), (dsa.generate_private_key(1024), "dsa")],
)
def test_other_keys(key: Any, expected: str) -> None:
    assert made(named("CA"), key).key_type == expected


def test_a_certificate_without_names() -> None:
    assert made(named("CA")).subject_names == []


def test_a_chain_keeps_its_order_among_other_things(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "CA")
    file = authority.issue(HOST)  # a key comes first
    file.write_bytes("Издатель\n".encode() + file.read_bytes() + b"\r\nissuer:\r\n" + authority.file.read_bytes())
    leaf, above = read_chain(str(file))
    assert (leaf.subject_names, above.self_issued) == ([HOST], True)


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (None, "No such file or directory"),
        ("", "a file without one"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "a file without one"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "expected a certificate, got 3 bytes"),
        ("-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----", ""),
    ],
)
def test_a_file_that_is_no_chain_is_named(tmp_path: Path, content: str | None, got: str) -> None:
    file = tmp_path / "fullchain.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(CertificateError, match=f"^expected PEM certificates in {file}, got:? {got}"):
        read_chain(str(file))


def test_times_of_an_old_cryptography_get_their_zone() -> None:
    class Old:
        not_valid_after = datetime(2026, 1, 2)

    assert moment(Old(), "not_valid_after") == datetime(2026, 1, 2, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("name", "host", "expected"),
    [
        ("example.org", "example.org", True),
        ("EXAMPLE.org", "example.org", True),
        ("example.org", "EXAMPLE.org", True),
        ("*.example.org", "www.example.org", True),
        ("*.example.org", "example.org", False),
        ("*.example.org", "a.b.example.org", False),
        ("example.org", "www.example.org", False),
        ("*.org", "example.org", True),
        ("w*.example.org", "www.example.org", False),
    ],
)
def test_covers(name: str, host: str, expected: bool) -> None:
    assert covers([name], host) is expected
