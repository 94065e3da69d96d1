"""A healthy server is found to be healthy, in every form of the report; a set-up that is open is no healthy server."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest
from apps import open_shop
from printed import VERIFY, VERIFY_REPORTS
from support import Web, wait_until
from terminal import type_in
from verification import verify

# True of a disposable server, on which nobody has installed them, and which nobody would miss.
ALSO = [("server", "unattended-upgrades"), ("off-site", "repository")]


def test_a_set_up_that_whoever_comes_first_may_do() -> None:
    found = verify()
    assert found.done.code != 0 and found.of("failed") == [("security", "RareBooks API")]
    assert "Finish the set-up in a browser" in found.one("security", "RareBooks API")["next"]


def test_a_healthy_server_passes(web: Web, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    open_shop(web, "operate")
    wait_until(lambda: verify().of("warning") == ALSO, "the errors of the start to be older than is looked at")
    # Short: SSH has a socket below it, whose path has a limit.
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    done = type_in(VERIFY_REPORTS)
    assert (done.code, done.recap()["changed"]) == (0, 0) and "FAILED" not in done.output
    shown = [line for line in done.output.splitlines() if line.startswith("    ok ")]
    assert shown and max(map(len, shown)) <= 80
    (document,) = [json.loads(path.read_text()) for path in home.glob("reports/*.json")]
    assert document["level"] == "warning"
    (page,) = [path.read_text() for path in home.glob("reports/*.html")]
    assert "://" not in page.replace("https://www.rare-books.ru", "") and "<code>" in page
    (suites,) = [ET.parse(path).getroot() for path in home.glob("reports/*.xml")]
    assert len(suites.findall(".//testcase")) == len(document["findings"]) and not suites.findall(".//failure")


def test_no_false_alarm() -> None:
    assert [type_in(VERIFY).code for _round in range(3)] == [0, 0, 0]
