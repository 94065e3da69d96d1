"""The controller's part of source_archive: what it refuses, how often it calls the server, what it returns."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.rarebooks.platform.plugins.action.source_archive import ActionModule
from ansible_collections.rarebooks.platform.plugins.module_utils._source.pack import pack
from ansible_collections.rarebooks.platform.plugins.module_utils._source.read import inspect
from ansible_collections.rarebooks.platform.plugins.modules import source_archive


class Controller(ActionModule):
    """The action with the module run in this process and the transfer done by a copy."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self._capsys = root, capsys
        self.calls: list[str] = []
        self._task = SimpleNamespace(args={}, check_mode=False, diff=False, async_val=0)
        shell = SimpleNamespace(tmpdir=None, join_path=lambda *parts: "/".join(parts))
        self._connection = SimpleNamespace(_shell=shell, has_pipelining=True)
        self._load_name = "source_archive"
        self.source, self.zip, self.dest = root / "source", root / "source.zip", root / "server/backend"
        (self.source / "src").mkdir(parents=True)
        for name in ("Dockerfile", "MayMessenger.sln", "src/A.cs"):
            (self.source / name).write_text(f"{name}\n")
        pack(str(self.source), str(self.zip))

    def _make_tmp_path(self, *_rest: Any) -> str:
        self._connection._shell.tmpdir = str(self.root / "remote")
        (self.root / "remote").mkdir(exist_ok=True)
        return str(self.root / "remote")

    def _transfer_file(self, local_path: str, remote_path: str) -> str:
        self.calls.append("transfer")
        shutil.copy(local_path, remote_path)
        return remote_path

    def _fixup_perms2(self, *_rest: Any) -> None:
        self.calls.append("permissions")

    def _execute_module(self, module_name: str, module_args: dict[str, Any], **_rest: Any) -> dict[str, Any]:
        assert module_name == "rarebooks.platform.source_archive"
        self.calls.append("module")
        args = {**module_args, "_ansible_check_mode": self._task.check_mode}
        with patch_module_args(args), pytest.raises(SystemExit):
            source_archive.main()
        result: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        result.pop("invocation", None)
        return result

    def act(self, check: bool = False, diff: bool = False, **args: Any) -> dict[str, Any]:
        self.calls.clear()
        self._task.check_mode, self._task.diff = check, diff
        self._task.args = {"src": str(self.zip), "dest": str(self.dest), **args}
        result: dict[str, Any] = self.run()
        return result


@pytest.fixture
def action(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Controller:
    return Controller(tmp_path, capsys)


def test_first_run_then_one_call(action: Controller) -> None:
    first = action.act()
    assert action.calls == ["module", "transfer", "permissions", "module"]
    archive = inspect(str(action.zip))
    assert first == {
        "changed": True,
        "created": ["Dockerfile", "MayMessenger.sln", "src/A.cs"],
        "updated": [],
        "removed": [],
        "digest": archive.digest,
        "sha256": archive.sha256,
        "files": 3,
    }
    assert action.act() == {**first, "changed": False, "created": []}
    assert action.calls == ["module"]


def test_check_mode_predicts_exactly_and_transfers_nothing(action: Controller) -> None:
    def both() -> dict[str, Any]:
        before = sorted(action.root.rglob("*"))
        predicted = action.act(check=True, diff=True)
        assert action.calls == ["module"]
        assert sorted(action.root.rglob("*")) == before
        done = action.act(diff=True)
        assert predicted == done
        return done

    bare = both()
    assert (bare["changed"], len(bare["created"])) == (True, 3)
    (action.dest / "left.cs").write_text("")
    (action.dest / "Dockerfile").write_text("by hand\n")
    (action.dest / "src/A.cs").unlink()
    drifted = both()
    assert (drifted["created"], drifted["updated"], drifted["removed"]) == (["src/A.cs"], ["Dockerfile"], ["left.cs"])
    before, after = (drifted["diff"][side].splitlines() for side in ("before", "after"))
    assert [line.split()[0] for line in before] == ["Dockerfile", "MayMessenger.sln", "left.cs"]
    assert [line.split()[0] for line in after] == ["Dockerfile", "MayMessenger.sln", "src/A.cs"]
    assert not both()["changed"]


def test_a_directory_is_the_same_source_as_its_zip(action: Controller) -> None:
    first = action.act(src=str(action.source))
    assert first["changed"] and action.calls == ["module", "transfer", "permissions", "module"]
    assert action.act() == {**first, "changed": False, "created": []}


def test_only_content_counts(action: Controller, monkeypatch: pytest.MonkeyPatch) -> None:
    action.act()
    (action.source / "Dockerfile").write_text("dockerfile\n")
    pack(str(action.source), str(action.zip))
    monkeypatch.chdir(action.root)
    assert action.act(src="source.zip")["updated"] == ["Dockerfile"]
    assert (action.dest / "Dockerfile").read_text() == "dockerfile\n"


@pytest.mark.parametrize(
    "args, message",
    [
        ({"checksum": "0" * 64}, "the archive's sha256 is not the one given"),
        ({"required": ["nowhere/"]}, "required paths are missing: nowhere/"),
        ({"max_entries": 2}, "too many entries"),
        ({"max_size": 100}, "too big"),
        ({"src": "/nowhere.zip"}, "cannot read the archive"),
    ],
)
def test_a_refusal_does_not_reach_the_server(action: Controller, args: dict[str, Any], message: str) -> None:
    result = action.act(**args)
    assert result["failed"] and message in result["msg"]
    assert action.calls == []


def test_a_directory_has_no_checksum(action: Controller) -> None:
    result = action.act(src=str(action.source), checksum="0" * 64)
    assert result["failed"] and "a checksum cannot be held against a directory" in result["msg"]
    assert action.calls == []


def test_internal_options_are_not_for_tasks(action: Controller) -> None:
    with pytest.raises(Exception, match=r"Unsupported parameters.*digest"):
        action.act(digest="0" * 64)


def test_a_failure_on_the_server_is_no_change(action: Controller) -> None:
    action.dest.parent.write_text("a file where a directory must be")
    result = action.act()
    assert result["failed"] and not result["changed"] and "before" not in result
    assert action.calls == ["module", "transfer", "permissions", "module"]
