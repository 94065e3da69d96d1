"""What the module says where files of ours are damaged: it lists what there is, and names what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.manifest import MANIFEST, store
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import client
from ansible_collections.rarebooks.platform.plugins.module_utils._release import journal
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger
from ansible_collections.rarebooks.platform.plugins.modules import backup_info
from backup_support import PROJECT, Engine, sealed
from numbered_releases import Server

FIRST = "20261124_120000"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    engine = Engine(str(tmp_path))
    engine.run("web", "web:1", "sha256:" + "1" * 64)
    (tmp_path / "docker-compose.yml").write_text("services: {}\n")
    sealed(tmp_path, engine)
    monkeypatch.setattr(client, "connect", lambda: engine)
    return tmp_path


def info(root: Path, capsys: pytest.CaptureFixture[str], **options: Any) -> dict[str, Any]:
    with patch_module_args({"path": str(root), "project": PROJECT, **options}), pytest.raises(SystemExit):
        backup_info.main()
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def test_a_damaged_journal_keeps_nobody_from_seeing_what_there_is(
    server: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(backup_info.AnsibleModule, "warn", lambda _module, text: warnings.append(text))
    (server / journal.FILE).write_text("{")
    result = info(server, capsys)
    assert [one["id"] for one in result["backups"]] == [FIRST]
    assert ".release.journal.json is damaged" in warnings[0]
    assert "Move the file away" in info(server, capsys, id="previous")["msg"]


def test_damaged_backups_are_listed_with_what_is_wrong(server: Path, capsys: pytest.CaptureFixture[str]) -> None:
    backups = Path(store(str(server)))
    (backups / "20269999_999999").mkdir()
    (backups / FIRST / MANIFEST).write_text("{}")
    found = info(server, capsys)["backups"]
    assert [one["result"] for one in found] == ["damaged", "damaged"]
    damage = {one["id"]: one["damage"] for one in found}
    assert "expected a time as its name" in damage["20269999_999999"]
    assert "does not have the SHA-256" in damage[FIRST]


def test_a_backup_with_a_damaged_file_is_not_called_good(server: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = info(server, capsys)
    assert before["backups"][0]["damage"] == "" and before["backups"][0]["result"] != "damaged"
    (Path(store(str(server))) / FIRST / "files/docker-compose.yml").write_text("x")
    (found,) = info(server, capsys)["backups"]
    assert found["result"] == "damaged" and "files/docker-compose.yml was changed" in found["damage"]


def test_the_newest_good_one_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    numbered = Server(tmp_path)
    monkeypatch.setattr(client, "connect", lambda: numbered.engine)
    numbered.deploy(1)
    first = numbered.deploy(2)
    (tmp_path / "docker-compose.yml").write_text("edited")
    drifted = numbered.deploy(3)
    for entry in numbered.ledger:
        ledger.append(str(tmp_path), entry)
    result = info(tmp_path, capsys, id=drifted)
    assert result["good"] == first
    assert result["backup"]["result"] == "drifted" and result["backup"]["causes"] == "docker-compose.yml had been changed by hand"
    (Path(store(str(tmp_path))) / first / "files/docker-compose.yml").write_text("x")
    assert info(tmp_path, capsys)["good"] == ""


@pytest.mark.parametrize("text", ["{", "[]", None])
def test_a_live_release_that_cannot_say_what_it_is_is_told(
    text: str | None, server: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(backup_info.AnsibleModule, "warn", lambda _module, said: warnings.append(said))
    if text is not None:
        (server / "release.json").write_text(text)
    info(server, capsys)
    assert len(warnings) == (text is not None)
    assert all("release.json is damaged: " in one and "ansible-playbook deploy.yml" in one for one in warnings)


def test_a_damaged_ledger_is_no_error(server: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (server / "ledger.jsonl").write_bytes(b"\xff\n{\n[]\n")
    assert len(info(server, capsys)["backups"]) == 1
