"""What lies in the places of sources, for the comparison with those of the controller."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.rarebooks.platform.plugins.module_utils._source import on_server
from ansible_collections.rarebooks.platform.plugins.module_utils._source.local import inspect_source


def test_the_digest_is_that_of_the_same_source_on_the_controller(tmp_path: Path) -> None:
    source = tmp_path / "backend"
    source.mkdir()
    (source / "Dockerfile").write_text("FROM scratch\n")
    expected = inspect_source(str(source), required=[]).digest
    found = on_server.look([str(source), str(tmp_path / "nothing")])
    assert found[str(source)] == {"digest": expected, "interrupted": False, "error": ""}
    assert found[str(tmp_path / "nothing")]["digest"] not in ("", expected)


def test_an_exchange_that_was_cut_off_is_seen(tmp_path: Path) -> None:
    (tmp_path / ".backend.staged").mkdir()
    assert on_server.look([str(tmp_path / "backend")])[str(tmp_path / "backend")]["interrupted"]


def test_what_is_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "backend").write_text("a file\n")
    found = on_server.look([str(tmp_path / "backend")])[str(tmp_path / "backend")]
    assert found["digest"] == "" and "dest is in use" in found["error"]
