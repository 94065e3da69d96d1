"""certbot's command lines, what is read of its lineages, and what is taken from its words."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.client import UNKNOWN_ACCOUNT, Certbot, Lineage, cause, run
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.plan import OVERDUE, due, reason, threshold
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.settings import Wanted
from certificates import pair
from lineages import DIRECTORY, Program, says, settings, write

SITE = Wanted("site", ["a.example.org", "b.example.org"])
WILDCARD = Wanted("wild", ["*.example.org"], "dns-01", "rsa")
UNKNOWN = "Error: urn:ietf:params:acme:error:accountDoesNotExist :: unable to find existing account for only-return-existing request\n"


def output(recorded: str) -> str:
    """Return what the real certbot said (tests/unit/data/certbot/README.md)."""
    text = Path(__file__).parents[3].joinpath("data/certbot", f"{recorded}.txt").read_text()
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("# "))


def test_an_order_over_http(tmp_path: Path) -> None:
    program = Program(says(0))
    Certbot(settings(tmp_path, email="me@example.org", ca_file="/ca.pem"), program).order(SITE)
    assert program.asked[0][:2] == ["/usr/bin/certbot", "certonly"]
    assert program.option("--domain") == SITE.names
    assert program.option("--authenticator") + program.option("--webroot-path") == ["webroot", str(tmp_path / "www")]
    assert program.option("--key-type") + program.option("--email") + program.option("--server") == ["ecdsa", "me@example.org", DIRECTORY]
    assert {"--non-interactive", "--agree-tos", "--force-renewal", "--renew-with-new-domains"} <= set(program.asked[0])
    assert program.option("--config-dir") == [str(tmp_path / "letsencrypt/certbot")]
    assert program.environment == {"REQUESTS_CA_BUNDLE": "/ca.pem"}


def test_an_order_over_dns(tmp_path: Path) -> None:
    program = Program(says(0), says(0))
    given = {"dns_credentials": "/dns.ini", "dns_propagation": 7}
    Certbot(settings(tmp_path, **given), program).order(WILDCARD)
    assert program.option("--authenticator") == ["dns-rfc2136"]
    assert program.option("--dns-rfc2136-credentials") + program.option("--dns-rfc2136-propagation-seconds") == ["/dns.ini", "7"]
    assert program.option("--key-type") == ["rsa"]
    assert "--register-unsafely-without-email" in program.asked[0]
    assert program.environment == {}
    Certbot(settings(tmp_path, dns_plugin="route53"), program).order(WILDCARD)
    assert program.option("--authenticator") == ["dns-route53"]
    assert [word for word in program.asked[1] if word.startswith("--dns-")] == []


def test_an_account_the_authority_has_forgotten_is_made_again_once(tmp_path: Path) -> None:
    where = settings(tmp_path)
    account = Path(where.path, "certbot/accounts/acme.example/dir/1")
    account.mkdir(parents=True)
    program = Program(says(1, UNKNOWN), says(1, UNKNOWN))
    assert Certbot(where, program).order(SITE) == (1, UNKNOWN)
    assert len(program.asked) == 2
    assert not account.exists()


def test_a_renewal_with_a_forgotten_account_is_an_order_for_the_same(tmp_path: Path) -> None:
    where = settings(tmp_path)
    write(where, "site", pair(*SITE.names, key_type="rsa"))
    program = Program(says(1, UNKNOWN), says(0))
    certbot = Certbot(where, program)
    lineage = certbot.lineage("site")
    assert lineage
    assert certbot.renew(lineage) == (0, "")
    assert program.asked[0][1:4] == ["renew", "--cert-name", "site"]
    assert program.asked[1][1] == "certonly"
    assert program.option("--domain") + program.option("--key-type") == [*SITE.names, "rsa"]


def test_lineages(tmp_path: Path) -> None:
    where, written = settings(tmp_path), pair("a.example.org")
    certbot = Certbot(where)
    assert (certbot.names(), certbot.lineage("site")) == ([], None)
    write(where, "site", written, "dns-rfc2136", "https://other/dir")
    assert certbot.names() == ["site"]
    assert certbot.lineage("site") == Lineage("site", written, "https://other/dir", "dns-01", "dns-rfc2136")
    Path(where.path, "certbot/live/site/privkey.pem").unlink()
    assert certbot.lineage("site") is None


@pytest.mark.parametrize(
    ("wanted", "ordered", "server", "why"),
    [
        (SITE, {}, DIRECTORY, ""),
        (Wanted("site", ["b.example.org", "A.example.org"]), {}, DIRECTORY, ""),
        (Wanted("site", ["a.example.org"]), {}, DIRECTORY, "it covers a.example.org, b.example.org"),
        (Wanted("site", SITE.names, key_type="rsa"), {}, DIRECTORY, "its key is ecdsa"),
        (SITE, {}, "https://staging/dir", "it was ordered from https://staging/dir"),
        (Wanted("site", SITE.names, "dns-01"), {}, DIRECTORY, "it was ordered with webroot"),
        (SITE, {"left": 6.9}, DIRECTORY, OVERDUE),
        (SITE, {"left": 7.1}, DIRECTORY, ""),
        (SITE, {"days": 6, "left": 1.6}, DIRECTORY, ""),
        (SITE, {"days": 6, "left": 1.4}, DIRECTORY, OVERDUE),
    ],
)
def test_why_an_order_is_needed(tmp_path: Path, wanted: Wanted, ordered: dict[str, float], server: str, why: str) -> None:
    where = settings(tmp_path)
    write(where, "site", pair(*SITE.names, **ordered), server=server)
    assert reason(wanted, Certbot(where).lineage("site"), where, datetime.now(timezone.utc)) == why


def test_without_a_lineage_there_is_a_reason(tmp_path: Path) -> None:
    assert reason(SITE, None, settings(tmp_path), datetime.now(timezone.utc)) == "there is none yet"


@pytest.mark.parametrize(("life", "before_the_end", "warned"), [(90, 30, 7), (6, 3, 1.5), (397, 397 / 3, 7)])
def test_when_certbot_renews_and_when_it_is_high_time(life: float, before_the_end: float, warned: float) -> None:
    leaf = pair("a.example.org", days=life, left=life).leaf
    assert (leaf.not_after - due(leaf)).total_seconds() / 86400 == pytest.approx(before_the_end)
    assert threshold(leaf, 7) == pytest.approx(warned)


def test_a_command_that_is_missing_is_an_answer(tmp_path: Path) -> None:
    code, said = run([str(tmp_path / "certbot")], {})
    assert (code, "No such file" in said) == (127, True)


@pytest.mark.parametrize(
    ("recorded", "told"),
    [
        ("issue_blocked", 'Order included an identifier for which issuance is forbidden by policy: "blocked.test"'),
        ("issue_dns_refused", "Received response from server: REFUSED"),
        ("renew_dns_refused", "Failed to renew certificate wildcard.rare-books.test with error: Received response from server: REFUSED"),
        ("issue_ca_stopped", "ValueError: Requesting rarebooks-letsencrypt-authority/dir: Connection refused"),
        ("renew_http_not_found", "Domain: rare-books.test\nType:   unauthorized\nDetail: Non-200 status code from HTTP: "),
    ],
)
def test_only_the_cause_is_told(recorded: str, told: str) -> None:
    said = cause(output(recorded))
    assert said.startswith(told)
    assert len(said.splitlines()) <= 6


@pytest.mark.parametrize(
    ("recorded", "unknown"),
    [
        ("issue_account_unknown", True),
        ("renew_account_unknown", True),
        ("renew_account_removed", True),
        ("issue_blocked", False),
        ("renew_ca_stopped", False),
        ("renew_dns_wrong_key_name", False),
    ],
)
def test_an_unknown_account_is_known_by_certbots_words(recorded: str, unknown: bool) -> None:
    assert bool(UNKNOWN_ACCOUNT.search(output(recorded))) is unknown


def test_nothing_said_is_told() -> None:
    assert cause("Saving debug log to /x\n\n- - - - -\n") == "certbot said nothing about it"
