"""Certificates as openssl tells of them, and who renews them."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._adoption import certificates
from ansible_collections.rarebooks.platform.plugins.module_utils._base.command import execute
from certificates import Authority

SAID = """\
subject=CN=rare-books.ru
issuer=CN=R11,O=Let's Encrypt,C=US
notAfter=Feb 24 07:00:54 2027 GMT
X509v3 Subject Alternative Name:
    DNS:rare-books.ru, DNS:www.rare-books.ru
"""
NOW = datetime(2027, 2, 1, tzinfo=timezone.utc)


def test_what_openssl_says() -> None:
    assert certificates.parse(SAID, NOW) == {
        "names": ["rare-books.ru", "www.rare-books.ru"],
        "issuer": "CN=R11,O=Let's Encrypt,C=US",
        "expires": "2027-02-24",
        "days_left": 23,
        "own": False,
    }
    assert certificates.parse(SAID.replace("CN=R11,O=Let's Encrypt,C=US", "CN=rare-books.ru"), NOW)["own"]


@pytest.mark.parametrize(
    ("lineage", "cron", "by", "obstacle"),
    [
        ("webroot", "certbot renew --quiet", "certbot (/etc/crontab)", ""),
        ("standalone", "certbot renew --quiet", "certbot (/etc/crontab)", "certbot with the authenticator standalone: it has to"),
        ("webroot", "apt update", "", ""),
        ("", "certbot renew --quiet", "", ""),
    ],
)
def test_each_certificate_has_who_renews_it(tmp_path: Path, lineage: str, cron: str, by: str, obstacle: str) -> None:
    there = certificate(tmp_path, "rare-books.ru")
    (tmp_path / "etc/crontab").write_text(f"0 3 * * * root {cron}\n")
    if lineage:
        (there.parents[1] / "renewal").mkdir()
        (there.parents[1] / "renewal/rare-books.ru.conf").write_text(f"authenticator = {lineage}\n")

    def run(argv: list[str], **_options: Any) -> tuple[int, str, str]:
        return (0, SAID, "") if argv[0] == "openssl" else (0, "", "")

    [found] = certificates.read(run, NOW, str(tmp_path))
    assert (found["name"], found["renewed_by"]) == ("rare-books.ru", by)
    assert found["obstacle"].startswith(obstacle) and bool(found["obstacle"]) is bool(obstacle)


@pytest.mark.parametrize(("issuer", "local"), [("the server's own", True), ("another of that name", False), ("no file", False)])
def test_what_the_servers_own_authority_has_issued_is_known(tmp_path: Path, issuer: str, local: bool) -> None:
    """As 0.3.0 left it: by openssl itself, and not by the authority's name, which anybody may give his own."""
    ca, other = (Authority.root("RareBooks platform CA of shop") for _number in range(2))
    (tmp_path / certificates.LOCAL_CA).parent.mkdir(parents=True)
    if issuer != "no file":
        (tmp_path / certificates.LOCAL_CA).write_bytes(ca.pem)
    leaf = (other if issuer.startswith("another") else ca).issue("rare-books.ru", left=-1)
    (certificate(tmp_path, "rare-books.ru") / "fullchain.pem").write_bytes(leaf.chain)

    def run(argv: list[str], **_options: Any) -> tuple[int, str, str]:
        return execute(argv, {}) if argv[0] == "openssl" else (0, "", "")

    [found] = certificates.read(run, NOW, str(tmp_path))
    assert (found["local_ca"], found["own"]) == (local, False) and bool(found["renewed_by"]) is local


def test_one_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    certificate(tmp_path, "x")

    def run(argv: list[str], **_options: Any) -> tuple[int, str, str]:
        return (1, "", "unable to load certificate\nmore") if argv[0] == "openssl" else (0, "", "")

    [found] = certificates.read(run, NOW, str(tmp_path))
    assert found["error"] == "unable to load certificate" and found["days_left"] is None


def certificate(root: Path, name: str) -> Path:
    directory = root / "etc/letsencrypt/live" / name
    directory.mkdir(parents=True)
    (directory / "fullchain.pem").touch()
    return directory
