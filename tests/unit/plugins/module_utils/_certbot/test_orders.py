"""At most one order per run, none before its time, and none where a check says that it would fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot import checks
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.checks import CheckError
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.client import Certbot
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.orders import OrderError, Orders
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.records import Record
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.settings import Settings, Wanted
from certificates import pair
from lineages import Program, issues, says, settings, write

SITE = Wanted("site", ["a.example.org"])
LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"


@pytest.fixture(autouse=True)
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let every check hold, and return which were made."""
    made: list[str] = []
    for name in ("disk", "resolution", "challenge", "directory"):
        monkeypatch.setattr(checks, name, lambda *_arguments, name=name: made.append(name))
    return made


def fails(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    def check(*_arguments: Any) -> None:
        raise CheckError(text)

    monkeypatch.setattr(checks, name, check)


def orders(where: Settings, *answers: Any) -> tuple[Orders, Program]:
    program = Program(*answers)
    return Orders(where, lambda _argv: (0, "", ""), Certbot(where, program)), program


def test_an_order_is_checked_placed_and_remembered(tmp_path: Path, checked: list[str]) -> None:
    where, new = settings(tmp_path), pair("a.example.org")
    placing, program = orders(where, issues(where, "site", new))
    assert placing.order(SITE, "there is none yet").pair == new
    assert (checked, len(program.asked)) == (["disk", "resolution", "challenge", "directory"], 1)
    assert [names for _when, names in placing.records.read("site").orders] == ["a.example.org"]


@pytest.mark.parametrize("name", ["disk", "resolution", "challenge", "directory"])
def test_a_check_that_fails_costs_no_order_and_no_pause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    fails(monkeypatch, name, "would fail")
    placing, program = orders(settings(tmp_path))
    with pytest.raises(CheckError, match="would fail"):
        placing.order(SITE, "there is none yet")
    record = placing.records.read("site")
    assert (program.asked, record.not_before, record.result, record.error) == ([], "", "not ordered", "would fail")


def test_after_a_failed_order_there_is_no_second_one(tmp_path: Path) -> None:
    placing, program = orders(settings(tmp_path), says(1, "Detail: no such account\n"))
    with pytest.raises(OrderError, match="no such account") as first:
        placing.order(SITE, "there is none yet")
    record = placing.records.read("site")
    assert f"no order is placed before {record.not_before}" in str(first.value)
    with pytest.raises(OrderError) as second:
        placing.order(SITE, "there is none yet")
    assert len(program.asked) == 1
    for told in (record.not_before, record.tried, "no such account", "Certificate site on shop"):
        assert told in str(second.value)


def test_certbot_that_succeeds_without_a_lineage_has_failed(tmp_path: Path) -> None:
    placing, _program = orders(settings(tmp_path), says(0))
    with pytest.raises(OrderError, match="exit code 0"):
        placing.order(SITE, "there is none yet")


@pytest.mark.parametrize(("directory", "refused"), [(LETS_ENCRYPT, True), ("https://acme.example/dir", False)])
def test_the_weeks_limit_is_that_of_lets_encrypt(tmp_path: Path, directory: str, refused: bool) -> None:
    where = settings(tmp_path, directory=directory)
    placing, program = orders(where, issues(where, "site", pair("a.example.org")))
    record = Record()
    for _ in range(4):
        record = record.issued(SITE.names, placing._now())
    placing.records.write("site", record)
    if refused:
        with pytest.raises(OrderError, match="5 certificates for the same names in 7 days, and 4 were issued already"):
            placing.order(SITE, "it was asked for")
    else:
        placing.order(SITE, "it was asked for")
    assert len(program.asked) == (0 if refused else 1)


def test_what_was_tried_with_the_staging_directory_does_not_count(tmp_path: Path) -> None:
    where = settings(tmp_path, directory="https://acme-staging-v02.api.letsencrypt.org/directory", untrusted=True)
    placing, program = orders(where, *[issues(where, "site", pair("a.example.org"))] * 5, says(1, "Detail: refused\n"))
    for _ in range(5):
        placing.order(SITE, "it was asked for")
    with pytest.raises(OrderError, match="refused"):
        placing.order(SITE, "it was asked for")
    real = settings(tmp_path, directory=LETS_ENCRYPT)
    placing, program = orders(real, issues(real, "site", pair("a.example.org")))
    placing.order(SITE, "it was ordered from elsewhere")
    assert len(program.asked) == 1


def test_what_is_not_due_costs_nothing(tmp_path: Path) -> None:
    where = settings(tmp_path)
    write(where, "site", pair("a.example.org"))
    placing, program = orders(where, says(0))
    lineage = placing.certbot.lineage("site")
    assert lineage
    assert not placing.renew(lineage)
    record = placing.records.read("site")
    assert (record.result, record.orders, program.asked[0][1]) == ("not due", [], "renew")


def test_a_renewal(tmp_path: Path) -> None:
    where, new = settings(tmp_path), pair("a.example.org")
    write(where, "site", pair("a.example.org"))
    placing, _program = orders(where, issues(where, "site", new))
    lineage = placing.certbot.lineage("site")
    assert lineage
    assert placing.renew(lineage)
    assert placing.certbot.lineage("site").pair == new  # type: ignore[union-attr]
    assert len(placing.records.read("site").orders) == 1


def test_a_renewal_that_fails_pauses_the_next_one(tmp_path: Path) -> None:
    where = settings(tmp_path)
    write(where, "site", pair("a.example.org", left=20))
    placing, program = orders(where, says(1, "REFUSED\n"))
    lineage = placing.certbot.lineage("site")
    assert lineage
    for _ in range(2):
        with pytest.raises(OrderError, match="REFUSED"):
            placing.renew(lineage)
    assert len(program.asked) == 1


def test_a_pause_fails_no_certificate_that_is_not_due(tmp_path: Path) -> None:
    """Such as after a deploy that ordered it for other names in vain: the timer has nothing to do, and nothing to tell."""
    where = settings(tmp_path)
    write(where, "site", pair("a.example.org", left=40))
    placing, program = orders(where)
    failed = Record().failed("REFUSED", placing._now())
    placing.records.write("site", failed)
    lineage = placing.certbot.lineage("site")
    assert lineage
    assert not placing.renew(lineage)
    assert (program.asked, placing.records.read("site")) == ([], failed)


@pytest.mark.parametrize("forced", [True, False])
def test_another_certbot_at_work_does_not_count_as_an_order(tmp_path: Path, forced: bool) -> None:
    """Such as the distribution's own timer, which writes to the same log: it is tried again without a pause."""
    where, new = settings(tmp_path), pair("a.example.org")
    write(where, "site", pair("a.example.org", left=20))
    placing, _program = orders(where, says(1, "Another instance of Certbot is already running.\n"), issues(where, "site", new))
    lineage = placing.certbot.lineage("site")
    assert lineage
    with pytest.raises(CheckError, match=r"Certificate site on shop .*Another instance of Certbot is already running"):
        placing.renew(lineage, forced)
    record = placing.records.read("site")
    assert (record.not_before, record.failures) == ("", 0)
    assert placing.renew(lineage, forced)


def test_a_directory_that_is_away_does_not_count_as_an_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where, new = settings(tmp_path), pair("a.example.org")
    write(where, "site", pair("a.example.org"))
    placing, _program = orders(where, says(1, "Connection refused\n"), issues(where, "site", new))
    lineage = placing.certbot.lineage("site")
    assert lineage
    with monkeypatch.context() as patch:
        fails(patch, "directory", "the directory is away")
        with pytest.raises(CheckError, match="the directory is away"):
            placing.renew(lineage)
    record = placing.records.read("site")
    assert (record.result, record.not_before) == ("not reached", "")
    assert placing.renew(lineage)
