"""The module backup_info over an engine in memory: what may be gone back to, and what one of them is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import listing
from ansible_collections.rarebooks.platform.plugins.module_utils._release import journal
from ansible_collections.rarebooks.platform.plugins.module_utils._release.journal import Journal
from ansible_collections.rarebooks.platform.plugins.modules import backup_info
from machine import Machine


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Machine:
    """Return a server on which release 3 serves, after 1 and 2."""
    machine = Machine(tmp_path, monkeypatch, capsys)
    for number in (1, 2, 3):
        machine.image(number)
        assert machine.deploy(number)["changed"]
    return machine


def info(machine: Machine, **options: Any) -> dict[str, Any]:
    return machine.call(backup_info, **options)


def test_the_list_is_newest_first_with_what_each_is(machine: Machine) -> None:
    result = info(machine)
    second, first = result["backups"]
    assert first["id"] < second["id"] and not result["changed"] and not result["interrupted"]
    assert [(one["result"], one["live"], one["apps_changed"]) for one in (second, first)] == [("good", False, ["chat"])] * 2
    assert second["differs"] == ["docker-compose.yml", "nginx/site.conf", "image of web"]
    assert (result["apps"], result["backup"], result["done"]) == (["chat"], {}, {})
    assert result["size"] > 0 and result.keys() == {"changed", *yaml.safe_load(backup_info.RETURN)}


def test_the_previous_one_is_that_of_the_release_before(machine: Machine) -> None:
    second, first = (one["id"] for one in info(machine)["backups"])
    assert info(machine, id="previous")["backup"]["id"] == second
    assert info(machine, id=first)["backup"]["manifest"]["databases"]["db"]["name"] == "chat"
    machine.rollback(second)
    assert info(machine, id="previous")["backup"]["id"] == first


def test_where_a_switch_was_cut_off_it_is_the_one_that_began_with(machine: Machine) -> None:
    first = info(machine)["backups"][-1]["id"]
    journal.write(str(machine.root), Journal({"token": "dead"}, first))
    result = info(machine, id="previous")
    assert result["interrupted"] and result["backup"]["id"] == first


@pytest.mark.parametrize("part", ["files/docker-compose.yml", "dumps/db.dump"])
def test_a_damaged_one_is_refused_by_name_and_listed(machine: Machine, part: str) -> None:
    second = info(machine)["backups"][0]["id"]
    (machine.root / "backups" / second / part).write_text("x")
    assert f"{second}/{part} was changed or truncated" in info(machine, id=second)["msg"]
    assert info(machine)["backups"][0]["id"] == second


def test_dumps_are_read_unless_they_are_not_needed(machine: Machine) -> None:
    second = info(machine)["backups"][0]["id"]
    dump = machine.root / "backups" / second / "dumps/db.dump"
    dump.write_bytes(dump.read_bytes()[::-1])
    assert "dumps/db.dump was changed: its SHA-256 is not the sealed one" in info(machine, id=second)["msg"]
    assert info(machine, id=second, dumps=False)["backup"]["verified"]
    dump.write_text("x")
    assert "dumps/db.dump was changed or truncated" in info(machine, id=second, dumps=False)["msg"]


def test_the_certificates_that_are_gone_are_named(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    second = info(machine)["backups"][0]["id"]
    there = info(machine, id=second)["backup"]["certificates_missing"]
    monkeypatch.setattr(backup_info.Installed, "pair", lambda _one: None)
    app = replace(listing.get(str(machine.root), second).manifest.apps[0], certificate="shop")  # type: ignore[union-attr]
    monkeypatch.setattr(backup_info.listing.Manifest, "apps", property(lambda _manifest: (app, app)))
    assert (there, info(machine, id=second)["backup"]["certificates_missing"]) == ([], ["shop"])
    monkeypatch.setattr(backup_info.Installed, "pair", lambda _one: object())
    assert info(machine, id=second)["backup"]["certificates_missing"] == []


def test_one_whose_images_are_gone_is_listed_with_that_and_refused(machine: Machine) -> None:
    first = info(machine)["backups"][-1]["id"]
    machine.engine.tags = {tag: one for tag, one in machine.engine.tags.items() if one != "sha256:" + "1".zfill(64)}
    assert [len(one["gone"]) for one in info(machine)["backups"]] == [0, 1]
    assert "of web is gone" in info(machine, id=first)["msg"]


def test_an_unknown_one_is_refused_with_those_there_are(machine: Machine) -> None:
    known = ", ".join(reversed([one["id"] for one in info(machine)["backups"]]))
    assert f"expected one of {known}" in info(machine, id="20200101_000000")["msg"]
