"""Certificates as openssl tells of them, and who renews them."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._adoption import certificates
from ansible_collections.rarebooks.platform.plugins.module_utils._adoption.scheduled import Job

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
    ("command", "found"),
    [
        ("0 3 * * * root certbot renew --quiet", ["certbot in /etc/cron.d/x"]),
        ("0 3 * * * root /root/.acme.sh/acme.sh --cron", ["acme.sh in /etc/cron.d/x"]),
        # Debian's own line, which leaves it to the timer.
        ("0 */12 * * * root test -x /usr/bin/certbot -a \\! -d /run/systemd/system && perl -e 'sleep' && certbot -q renew", []),
        ("0 3 * * * root apt update", []),
    ],
)
def test_lines_of_cron_renew(command: str, found: list[str]) -> None:
    assert certificates.renewers(lambda *_words, **_options: (3, "", ""), [], [Job("/etc/cron.d/x", command)]) == found


def test_timers_and_containers_renew() -> None:
    def run(argv: list[str], **_options: Any) -> tuple[int, str, str]:
        return (0 if argv[-1] == "certbot.timer" else 3), "", ""

    containers = [
        {"Name": "/renewer", "Config": {"Image": "certbot/certbot"}, "State": {"Status": "running"}},
        {"Name": "/stopped", "Config": {"Image": "certbot/certbot"}, "State": {"Status": "exited"}},
    ]
    assert certificates.renewers(run, containers, []) == ["timer certbot.timer", "container renewer"]


@pytest.mark.parametrize(
    ("lineage", "renewers", "by", "method"),
    [
        ("authenticator = standalone\n", ["timer certbot.timer"], "timer certbot.timer", "standalone"),
        ("authenticator = webroot\n", [], "", "webroot"),
        ("", ["timer certbot.timer"], "", ""),
    ],
)
def test_each_certificate_has_who_renews_it(tmp_path: Path, lineage: str, renewers: list[str], by: str, method: str) -> None:
    (tmp_path / "live/rare-books.ru").mkdir(parents=True)
    (tmp_path / "live/rare-books.ru/fullchain.pem").touch()
    if lineage:
        (tmp_path / "renewal").mkdir()
        (tmp_path / "renewal/rare-books.ru.conf").write_text(lineage)
    [found] = certificates.read(lambda *_words, **_options: (0, SAID, ""), renewers, NOW, str(tmp_path))
    assert (found["name"], found["renewed_by"], found["authenticator"]) == ("rare-books.ru", by, method)


def test_one_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "live/x").mkdir(parents=True)
    (tmp_path / "live/x/fullchain.pem").touch()
    [found] = certificates.read(lambda *_words, **_options: (1, "", "unable to load certificate\nmore"), [], NOW, str(tmp_path))
    assert found["error"] == "unable to load certificate" and found["days_left"] is None
