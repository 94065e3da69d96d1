"""The password of the repositories is made once and never lost; what is known of them is told without it."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite import records
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.records import Taken, Trouble
from ansible_collections.rarebooks.platform.plugins.modules import offsite_info, offsite_password

Call = Callable[..., dict[str, Any]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    def run(module: ModuleType, **arguments: Any) -> dict[str, Any]:
        with patch_module_args(arguments), pytest.raises(SystemExit):
            module.main()
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    return run


def test_a_password_is_made_once_for_root_alone(call: Call, tmp_path: Path) -> None:
    directory = tmp_path / "offsite"
    before = call(offsite_password, directory=str(directory), _ansible_check_mode=True)
    assert (before["changed"], before["generated"], directory.exists()) == (True, True, False)
    made = call(offsite_password, directory=str(directory))
    assert (made["changed"], made["generated"], made["kept"]) == (True, True, "")
    text = (directory / "password").read_text()
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{8}){7}\n", text)
    assert text.strip() not in json.dumps(made)
    assert stat.S_IMODE(os.stat(directory / "password").st_mode) == 0o600
    assert stat.S_IMODE(os.stat(directory).st_mode) == 0o700
    assert call(offsite_password, directory=str(directory))["changed"] is False
    assert (directory / "password").read_text() == text


def test_a_given_password_takes_the_place_of_one_that_stays_beside_it(call: Call, tmp_path: Path) -> None:
    call(offsite_password, directory=str(tmp_path), password="first")
    assert call(offsite_password, directory=str(tmp_path), password="first ")["changed"] is False
    done = call(offsite_password, directory=str(tmp_path), password="second")
    assert (done["changed"], done["generated"]) == (True, False)
    assert (tmp_path / "password").read_text() == "second\n"
    assert Path(done["kept"]).read_text() == "first\n"
    assert call(offsite_password, directory=str(tmp_path))["changed"] is False, "none given is the one that is there"


def info(call: Call, tmp_path: Path, **more: Any) -> dict[str, Any]:
    return call(offsite_info, directory=str(tmp_path), state_directory=str(tmp_path / "state"), ask=False, **more)


def test_what_is_known_is_told(call: Call, tmp_path: Path) -> None:
    common = {"host": "h", "path": "/x", "project": "p", "secrets_file": "/s", "letsencrypt_path": "/l", "ca_path": "/c"}
    locations = ["rest:https://me:sesame@store/x", "/mnt/disk"]
    (tmp_path / "settings.json").write_text(json.dumps({**common, "repositories": locations, "append_only": True}))
    (tmp_path / "password").write_text("hush\n")
    with records.changing(str(tmp_path / "state")) as known:
        one = known.of("rest:https://me:********@store/x")
        one.snapshot = Taken("1", "2026-11-26T02:30:00Z", "20261126_023000", "r", 1, 2, 3.0)
        one.troubles["repository check"] = Trouble("2026-11-26T04:30:00Z", "damaged", "it is damaged")
    found = info(call, tmp_path)
    first, second = found["repositories"]
    assert (first["location"], first["snapshot"]["backup"]) == ("rest:https://me:********@store/x", "20261126_023000")
    assert first["troubles"] == [
        {"doing": "repository check", "at": "2026-11-26T04:30:00Z", "kind": "damaged", "text": "it is damaged"}
    ]  # fmt: skip
    assert (second["location"], second["snapshot"], second["troubles"], second["count"]) == ("/mnt/disk", None, [], None)
    assert (found["append_only"], found["password_kept"], found["password"]) == (True, False, "")
    assert "sesame" not in json.dumps(found) and "hush" not in json.dumps(found)
    assert info(call, tmp_path, check_password="hush")["password_matches"] is True
    assert info(call, tmp_path, check_password="hash")["password_matches"] is False
    assert info(call, tmp_path, show_password=True)["password"] == "hush"


def test_a_server_without_a_repository_has_none(call: Call, tmp_path: Path) -> None:
    found = info(call, tmp_path, check_password="")
    assert (found["repositories"], found["password_matches"]) == ([], False)


def test_a_repository_that_does_not_answer_is_no_reason_to_fail(call: Call, tmp_path: Path) -> None:
    common = {"host": "h", "path": "/x", "project": "p", "secrets_file": "/s", "letsencrypt_path": "/l", "ca_path": "/c"}
    (tmp_path / "settings.json").write_text(json.dumps({**common, "repositories": [str(tmp_path / "nothing")]}))
    found = call(offsite_info, directory=str(tmp_path), state_directory=str(tmp_path / "state"))
    (one,) = found["repositories"]
    assert one["error"].startswith(f"Repository {tmp_path}/nothing: ")
    assert one["count"] is None
