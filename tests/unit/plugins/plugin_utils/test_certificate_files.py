"""The checks of provided certificates, on certificates made here."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _certificate_files as files
from certificates import Authority
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 1, 10, tzinfo=timezone.utc)
DAY = timedelta(days=1)


class Files:
    """A certificate and its key, as an operator would give them."""

    def __init__(self, directory: Path) -> None:
        self.certificate, self.key = directory / "chain.pem", directory / "key.pem"
        self._private = ec.generate_private_key(ec.SECP256R1())
        self.write()

    def write(
        self,
        names: tuple[str, ...] = ("example.org", "www.example.org"),
        start: datetime = NOW - DAY,
        end: datetime = NOW + DAY,
        encryption: KeySerializationEncryption | None = None,
    ) -> None:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "example.org")])
        builder = x509.CertificateBuilder(name, name, self._private.public_key(), x509.random_serial_number(), start, end)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(item) for item in names]), critical=False)
        self.certificate.write_bytes(builder.sign(self._private, hashes.SHA256()).public_bytes(Encoding.PEM))
        self.key.write_bytes(self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()))

    def problems(self, *hosts: str, now: datetime = NOW) -> list[str]:
        names = hosts or ("example.org", "www.example.org")
        return files.problems("main", str(self.certificate), str(self.key), names, now, lambda path: Path(path).read_bytes())


@pytest.fixture
def given(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_sound_files(given: Files) -> None:
    assert given.problems() == []


ROOT = Authority.root()
MIDDLE = ROOT.below()
OTHER = Authority.root("Another root")
SAME_NAME = Authority.root("Test intermediate")
LEAF = MIDDLE.issue("example.org", "www.example.org")


@pytest.mark.parametrize(
    ("others", "misplaced"),
    [
        ([], ""),
        ([MIDDLE], ""),
        ([MIDDLE, ROOT], ""),
        ([ROOT], "number 1 (CN=example.org, issued by CN=Test intermediate) before CN=Test root"),
        ([ROOT, MIDDLE], "number 1 (CN=example.org, issued by CN=Test intermediate) before CN=Test root"),
        ([MIDDLE, OTHER], "number 2 (CN=Test intermediate, issued by CN=Test root) before CN=Another root"),
        # The name alone proves nothing: it has to be the signature's key.
        ([SAME_NAME], "number 1 (CN=example.org, issued by CN=Test intermediate) before CN=Test intermediate"),
    ],
)
def test_each_certificate_is_issued_by_the_next(given: Files, others: list[Authority], misplaced: str) -> None:
    given.certificate.write_bytes(LEAF.chain + b"".join(one.pem for one in others))
    given.key.write_bytes(LEAF.key)
    assert given.problems(now=datetime.now(timezone.utc)) == (
        [
            f"Certificate main: expected each certificate in {given.certificate} to be issued by the next one, got {misplaced}. "
            "Put the site's certificate first, then its issuer's, and so on, and nothing else."
        ]
        if misplaced
        else []
    )


def test_the_leaf_is_the_first_of_a_chain(given: Files) -> None:
    given.certificate.write_bytes(MIDDLE.pem + LEAF.chain)
    given.key.write_bytes(LEAF.key)
    assert "expected the key that belongs to" in given.problems()[0]


def test_comments_around_the_blocks(given: Files) -> None:
    sound = given.certificate.read_bytes()
    given.certificate.write_bytes("Выдан: example.org\n".encode() + sound)
    assert given.problems() == []
    given.certificate.write_bytes("Выдан: example.org\n".encode("cp1251") + sound)
    (problem,) = given.problems()
    assert problem.startswith(f"Certificate main: expected PEM files in UTF-8, got {given.certificate}.")


def test_another_key(given: Files, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Files(tmp_path / "other")
    given.key.write_bytes(other.key.read_bytes())
    assert given.problems() == [f"Certificate main: expected the key that belongs to {given.certificate}, got another one in {given.key}."]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (NOW + DAY - timedelta(seconds=1), []),
        (NOW + DAY, ["Certificate main: expected a valid certificate, got one that expired on 2026-01-11."]),
        (NOW - DAY, []),
        (NOW - 2 * DAY, ["Certificate main: expected a valid certificate, got one valid from 2026-01-09 on."]),
    ],
)
def test_validity(given: Files, now: datetime, expected: list[str]) -> None:
    assert given.problems(now=now) == expected


def test_uncovered_names(given: Files) -> None:
    (problem,) = given.problems("example.org", "chat.example.org", "a.b.org")
    assert problem.startswith("Certificate main: expected it to cover chat.example.org, a.b.org, got example.org, www.example.org.")
    given.write(names=())
    assert "got no names" in given.problems("example.org")[0]


def test_all_problems_at_once(given: Files) -> None:
    given.write(names=("other.org",), end=NOW)
    assert len(given.problems()) == 2


def test_unusable_files(given: Files) -> None:
    given.write(encryption=BestAvailableEncryption(b"passphrase"))
    (problem,) = given.problems()
    assert problem.startswith("Certificate main: expected a key without a password, since nobody could type it when nginx starts, got an ")
    assert "`openssl pkey -in FILE -out FILE`" in problem
    given.key.write_text("no key")
    assert "expected PEM files with a chain and an unencrypted key" in given.problems()[0]
    given.key.unlink()
    assert given.problems() == [
        f"Certificate main: expected the file {given.key}, got: No such file or directory. Correct certificates_provided."
    ]
    given.write()
    given.certificate.write_text("no certificate")
    assert "expected PEM files" in given.problems()[0]


@pytest.mark.parametrize("part", ["certificate", "key"])
def test_relative_paths_depend_on_where_one_stands(given: Files, part: str) -> None:
    setattr(given, part, Path("relative.pem"))
    (problem,) = given.problems()
    assert problem.startswith("Certificate main: expected absolute paths in certificates_provided, got relative.pem.")


def test_now_has_a_zone() -> None:
    assert files.utc_now().utcoffset() == timedelta(0)
