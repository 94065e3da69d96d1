"""The record of containers that go on running though their definition reads otherwise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base.state import StateError
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import carried


def record(tmp_path: Path) -> dict[str, carried.Carried]:
    return carried.read(str(tmp_path))


def test_a_container_stands_for_what_it_was_made_from_and_for_what_is_started_next(tmp_path: Path) -> None:
    carried.carry(str(tmp_path), {"web": ("id-1", "by-hand")})
    assert record(tmp_path)["web"].stands_for("whatever comes")
    carried.settle(str(tmp_path), {"web": "ours"}, {})
    web = record(tmp_path)["web"]
    assert (web.stands_for("by-hand"), web.stands_for("ours"), web.stands_for("changed")) == (True, True, False)


def test_a_second_adoption_keeps_what_the_first_one_learned(tmp_path: Path) -> None:
    carried.carry(str(tmp_path), {"web": ("id-1", "by-hand")})
    carried.settle(str(tmp_path), {"web": "ours"}, {})
    carried.carry(str(tmp_path), {"web": ("id-1", "by-hand")})
    carried.settle(str(tmp_path), {"web": "second"}, {})
    assert record(tmp_path)["web"] == carried.Carried("id-1", ("by-hand", "ours", "second"))


def test_another_container_of_the_name_inherits_nothing(tmp_path: Path) -> None:
    carried.carry(str(tmp_path), {"web": ("id-1", "by-hand")})
    carried.settle(str(tmp_path), {"web": "ours"}, {})
    carried.carry(str(tmp_path), {"web": ("id-2", "by-hand")})
    assert record(tmp_path)["web"] == carried.Carried("id-2", ("by-hand",), open=True)


def test_what_the_same_files_say_is_known_by_each_version_of_compose(tmp_path: Path) -> None:
    carried.carry(str(tmp_path), {"web": ("id-1", "by-hand"), "db": ("id-2", "by-hand")})
    carried.settle(str(tmp_path), {"web": "ours"}, {"web": "sha256:1"}, "files")
    web = record(tmp_path)["web"]
    assert (web.stands_for("otherwise", sources="files"), web.stands_for("otherwise", sources="others")) == (True, False)
    assert not web.stands_for("otherwise", "sha256:2", "files") and record(tmp_path)["db"].open
    carried.settle(str(tmp_path), {"web": "otherwise"}, {"web": "sha256:2"}, "files")
    web = record(tmp_path)["web"]
    assert web.stands_for("otherwise", "sha256:1", "others") and not web.stands_for("otherwise", "sha256:2", "others")


def test_nobody_else_reads_it(tmp_path: Path) -> None:
    carried.carry(str(tmp_path), {"web": ("id-1", "by-hand")})
    assert (tmp_path / carried.FILE).stat().st_mode & 0o777 == 0o600


def test_a_damaged_record_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / carried.FILE).write_text(json.dumps({"web": {"definitions": []}}))
    with pytest.raises(StateError, match=r"\.carried\.json is damaged: web has no id\. Remove it: "):
        record(tmp_path)


def test_another_image_of_the_name_is_another_release(tmp_path: Path) -> None:
    carried.carry(str(tmp_path), {"web": ("id-1", "by-hand")})
    carried.settle(str(tmp_path), {"web": "ours"}, {"web": "sha256:1"})
    web = record(tmp_path)["web"]
    assert (web.stands_for("ours", "sha256:1"), web.stands_for("ours", "sha256:2"), web.stands_for("ours")) == (True, False, True)


def test_what_is_opened_again_stands_for_what_is_started_next(tmp_path: Path) -> None:
    carried.carry(str(tmp_path), {"web": ("id-1", "by-hand"), "db": ("id-2", "by-hand")})
    carried.settle(str(tmp_path), {"web": "ours", "db": "ours"}, {})
    carried.reopen(str(tmp_path), ["web"])
    assert record(tmp_path)["web"].stands_for("changed") and not record(tmp_path)["db"].stands_for("changed")
