"""What was received of a database whose app was removed stays for some time, for whoever notices late, and then goes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous import follow, receiver, state_file
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.follow import Follower
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.state_file import Bases, Followed, Records
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.settings import Settings
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import Database


class Followed7(Follower):
    """One whose databases are received."""

    def _follow(self, _database: Database, one: Followed, _note: object) -> None:
        one.cluster = "7"


def test_the_log_of_a_database_that_is_gone_goes_in_time_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "continuous"
    for name in ("live", "gone", "gone lately", "restore", "drill"):
        (root / name / "7").mkdir(parents=True)
        (root / name / "7" / "000000010000000000000001").write_bytes(b"x")
        if name != "gone lately":
            os.utime(root / name, (1, 1))
    state_file.write(Bases(), str(root))
    os.utime(root / "bases.json", (1, 1))
    state_file.write(Records("", {name: Followed("7") for name in ("live", "gone lately")}), str(root))
    removed: list[str] = []
    monkeypatch.setattr(follow, "clusters", lambda _path: [Database("live", "shop", "keeper")])
    monkeypatch.setattr(receiver, "all_followed", lambda _client, _project: {"live", "gone lately"})
    monkeypatch.setattr(receiver, "remove", lambda _client, container: removed.append(container))
    follower = Followed7(Settings("server", str(tmp_path), "p", "", "", "", ()), None, [], root=str(root))  # type: ignore[arg-type]
    follower.look()
    assert sorted(os.listdir(root)) == ["bases.json", "drill", "gone lately", "live", "restore", "state.json"]
    assert os.listdir(root / "live" / "7")
    assert removed == ["gone lately"]
    assert list(state_file.read(str(root)).databases) == ["live"]
