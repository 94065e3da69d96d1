"""What is refused on the controller, before an authority or a server is asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App
from ansible_collections.rarebooks.platform.plugins.plugin_utils._letsencrypt import LETS_ENCRYPT, problems

SHOP = App(name="rarebooks", title="RareBooks", containers=(), certificate="shop", server_names=("www.example.org", "example.org"))
TALK = App(name="talk", title="Talk", containers=(), certificate="wild", server_names=("talk.example.org",))
WILD = {"name": "wild", "names": ["*.example.org"], "challenge": "dns-01"}


def options(tmp_path: Path, **others: Any) -> dict[str, Any]:
    credentials = tmp_path / "dns.ini"
    credentials.write_text("dns_rfc2136_server = 192.0.2.1\n")
    known = {
        "declared": [WILD],
        "directory": LETS_ENCRYPT,
        "staging": False,
        "ca_bundle": "",
        "dns_plugin": "rfc2136",
        "dns_credentials": str(credentials),
    }
    return {**known, **others}


def test_what_is_well_has_no_problem(tmp_path: Path) -> None:
    assert problems(options(tmp_path), [SHOP, TALK]) == []
    assert problems(options(tmp_path, declared=[]), [SHOP]) == []
    assert problems(options(tmp_path, dns_plugin="route53", dns_credentials=""), [TALK]) == []


@pytest.mark.parametrize(
    ("others", "apps", "told"),
    [
        (
            {"directory": "http://acme.example"},
            [TALK],
            "certificates_directory: expected a URL that begins with https://, got 'http://acme.example'",
        ),
        ({"directory": "https://acme.example", "staging": True}, [TALK], "certificates_staging: expected it only with Let's Encrypt's"),
        ({"dns_credentials": ""}, [TALK], "certificates_dns_credentials: expected the file with the credentials"),
        ({"dns_credentials": "dns.ini"}, [TALK], "certificates_dns_credentials: expected an absolute path, got dns.ini"),
        ({"dns_credentials": "/nowhere/dns.ini"}, [TALK], "certificates_dns_credentials: expected the file /nowhere/dns.ini, got none"),
        ({"ca_bundle": "/nowhere/ca.pem"}, [TALK], "certificates_ca_bundle: expected the file /nowhere/ca.pem, got none"),
        ({"ca_bundle": "/etc/hostname"}, [TALK], "certificates_ca_bundle: expected PEM certificates in /etc/hostname, got none"),
        ({}, [SHOP], "Certificate wild: expected a site that is served with it, got none (the sites use shop)"),
        ({"declared": [WILD, WILD]}, [TALK], "certificates_declared: expected wild once, got it 2 times"),
        (
            {"declared": [{**WILD, "challenge": "http-01"}]},
            [TALK],
            "Certificate wild: expected challenge dns-01, since no authority issues *.",
        ),
        ({"declared": [{"name": "wild", "names": ["talk.example.org", "-x.example"]}]}, [TALK], "expected host names such as"),
        (
            {"declared": [{"name": "wild", "names": ["other.example.org"]}]},
            [TALK],
            "Certificate wild: expected it to cover talk.example.org, which Talk is served at, got other.example.org",
        ),
        ({"declared": [WILD]}, [replace(TALK, server_names=("a.talk.example.org",))], "expected it to cover a.talk.example.org"),
        ({"declared": []}, [replace(TALK, certificate="../evil")], "talk_certificate: expected letters, digits and ._- , got '../evil'"),
    ],
)
def test_one_problem_is_one_sentence(tmp_path: Path, others: dict[str, Any], apps: list[App], told: str) -> None:
    found = problems(options(tmp_path, **others), apps)
    assert len(found) == 1, found
    assert told in found[0]
