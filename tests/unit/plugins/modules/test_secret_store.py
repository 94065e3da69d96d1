"""The server's secrets: generated once, kept for ever, shown never."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.rarebooks.platform.plugins.modules import secret_store


class Store:
    """A store on a pretended server, and the module."""

    def __init__(self, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.path, self._capsys = path, capsys
        self.output = ""

    def run(self, *secrets: dict[str, Any], **options: Any) -> dict[str, Any]:
        with patch_module_args({"path": str(self.path), "secrets": list(secrets), **options}), pytest.raises(SystemExit):
            secret_store.main()
        self.output = self._capsys.readouterr().out
        result: dict[str, Any] = json.loads(self.output)
        return result

    @property
    def values(self) -> dict[str, str]:
        loaded: dict[str, str] = json.loads(self.path.read_text())
        return loaded

    @property
    def mode(self) -> int:
        return self.path.stat().st_mode & 0o7777


@pytest.fixture
def store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Store:
    return Store(tmp_path / "opt/secrets.json", capsys)


def test_missing_secrets_are_generated_once(store: Store) -> None:
    umask = os.umask(0)
    try:
        first = store.run({"name": "db"}, {"name": "jwt", "length": 64})
    finally:
        os.umask(umask)
    assert first["changed"] and first["generated"] == ["db", "jwt"] and first["stored"] == []
    assert {name: len(value) for name, value in store.values.items()} == {"db": 32, "jwt": 64}
    assert store.mode == 0o600 and store.path.parent.stat().st_mode & 0o7777 == 0o755
    before, status = store.values, store.path.stat()
    again = store.run({"name": "db"}, {"name": "jwt", "length": 64})
    assert not again["changed"] and again["generated"] == []
    assert store.values == before and store.path.stat() == status


def test_generated_values_need_no_quoting_and_differ() -> None:
    values = {secret_store.generate(32) for _ in range(100)}
    assert len(values) == 100
    assert all(value.isascii() and value.isalnum() and len(value) == 32 for value in values)


def test_a_given_value_is_stored_and_kept_when_no_longer_given(store: Store) -> None:
    given = store.run({"name": "db", "value": "correct-horse"}, {"name": "jwt"})
    assert given["stored"] == ["db"] and given["generated"] == ["jwt"]
    assert not store.run({"name": "db", "value": "correct-horse"}, {"name": "jwt"})["changed"]
    assert not store.run({"name": "db"}, {"name": "jwt"})["changed"]
    assert store.values["db"] == "correct-horse"
    other = store.run({"name": "db", "value": "battery-staple"})
    assert other["stored"] == ["db"] and store.values["db"] == "battery-staple"


def test_a_fixed_secret_takes_no_other_value(store: Store) -> None:
    assert store.run({"name": "db", "fixed": True}, {"name": "jwt"})["generated"] == ["db", "jwt"]
    before = store.values
    refused = store.run({"name": "db", "fixed": True, "value": "battery-staple"}, {"name": "jwt", "value": "correct-horse"})
    assert refused["failed"] and refused["msg"].startswith(f"db: expected the value in {store.path}, ")
    assert store.values == before
    assert "battery-staple" not in store.output and before["db"] not in store.output
    assert not store.run({"name": "db", "fixed": True, "value": before["db"]})["changed"]


def test_a_secret_no_longer_listed_is_kept(store: Store) -> None:
    store.run({"name": "old", "value": "correct-horse"})
    assert not store.run()["changed"]
    assert store.run({"name": "new"})["generated"] == ["new"]
    assert store.values["old"] == "correct-horse"


def test_no_value_is_shown(store: Store) -> None:
    for value in ("correct-horse", "battery-staple"):
        result = store.run({"name": "db", "value": value}, {"name": "jwt"}, _ansible_diff=True)
        assert "db: ********" in result["diff"]["after"]
        # The invocation holds the parameters, masked.
        assert not any(secret in store.output for secret in (*store.values.values(), value))
    assert result["diff"]["before"] == "db: ********\njwt: ********\n"
    assert result["diff"]["after"] == "db: ********\njwt: ********\n# given anew: db\n"


def test_check_mode_predicts_and_writes_nothing(store: Store) -> None:
    predicted = store.run({"name": "db"}, {"name": "jwt", "value": "correct-horse"}, _ansible_check_mode=True)
    assert predicted["changed"] and predicted["generated"] == ["db"] and predicted["stored"] == ["jwt"]
    assert not store.path.parent.exists()


def test_a_file_others_can_read_is_closed(store: Store) -> None:
    store.run({"name": "db"})
    before = store.values
    store.path.chmod(0o644)
    assert store.run({"name": "db"}, _ansible_check_mode=True)["changed"] and store.mode == 0o644
    assert store.run({"name": "db"})["changed"] and store.mode == 0o600
    assert store.values == before and not store.run({"name": "db"})["changed"]


def test_a_damaged_file_is_never_replaced(store: Store) -> None:
    store.run({"name": "db"})
    store.path.write_text('{"db": "half a val')
    result = store.run({"name": "db"})
    assert result["failed"] and "Restore the file from a copy" in result["msg"] and "half a val" not in store.output
    assert store.path.read_text() == '{"db": "half a val'
