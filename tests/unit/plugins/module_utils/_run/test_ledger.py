"""The ledger loses nothing but a line that the power went out on, and makes no secret of that."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger
from ansible_collections.rarebooks.platform.plugins.module_utils._run.ledger import Run
from hypothesis import given, settings
from hypothesis import strategies as st

RUN = Run("t", "deploy", "anna@laptop", commit="abc", started="2026-11-24T20:15:00Z")


def number(count: int) -> dict[str, object]:
    return ledger.entry(Run(str(count)), "deployed", 1.0)


def test_an_entry_has_all_it_should(tmp_path: Path) -> None:
    entry = ledger.entry(RUN, "restored", 12.345, release="r", backup="b", step="switching", error="first\nsecond")
    ledger.append(str(tmp_path), entry)
    assert ledger.read(str(tmp_path)) == ([entry], 0)
    assert entry == {
        "run": "t", "action": "deploy", "started": "2026-11-24T20:15:00Z", "ended": "2026-11-24T20:15:12Z", "duration": 12.3,
        "result": "restored", "by": "anna@laptop", "commit": "abc", "release": "r", "backup": "b", "to": "", "step": "switching",
        "error": "first", "reasons": {}, "rehearsed": {},
    }  # fmt: skip
    assert stat.S_IMODE((tmp_path / ledger.FILE).stat().st_mode) == 0o600
    assert ledger.has(str(tmp_path), "t") and not ledger.has(str(tmp_path), "u")


def test_nothing_is_left_behind_where_nothing_was_deployed(tmp_path: Path) -> None:
    assert not ledger.append(str(tmp_path / "missing"), number(1))
    assert list(tmp_path.iterdir()) == []
    assert ledger.read(str(tmp_path / "missing")) == ([], 0)


@given(count=st.integers(1, 5), lost=st.integers(1, 400))
@settings(max_examples=60, deadline=None)
def test_a_torn_end_costs_the_lines_it_tore_and_no_other(count: int, lost: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        for one in range(count):
            ledger.append(directory, number(one))
        path = Path(directory) / ledger.FILE
        content = path.read_bytes()
        left = content[: max(0, len(content) - lost)]
        path.write_bytes(left)
        last = left.rpartition(b"\n")[2]
        # A line that lacks only its end is whole as well; a brace ends an entry's inner part, too.
        unended = bool(last) and content[len(left) :].startswith(b"\n")
        whole = left.count(b"\n") + unended
        assert [entry["run"] for entry in ledger.read(directory)[0]] == [str(one) for one in range(whole)]
        ledger.append(directory, number(99))
        entries, unreadable = ledger.read(directory)
        assert [entry["run"] for entry in entries] == [*(str(one) for one in range(whole)), "99"]
        assert unreadable == (1 if last and not unended else 0)


@pytest.mark.parametrize("line", ["", "null", "[1]", "{", "\x00\x00\x00", '"text"'])
def test_a_line_that_is_no_entry_is_counted_or_blank(tmp_path: Path, line: str) -> None:
    ledger.append(str(tmp_path), number(1))
    with (tmp_path / ledger.FILE).open("a") as stream:
        stream.write(f"{line}\n")
    ledger.append(str(tmp_path), number(2))
    entries, unreadable = ledger.read(str(tmp_path))
    assert [entry["run"] for entry in entries] == ["1", "2"] and unreadable == bool(line)


def test_an_entry_is_durable_when_it_has_been_appended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.readlink(f"/proc/self/fd/{descriptor}")))
    ledger.append(str(tmp_path), ledger.entry(ledger.Run("a"), "deployed", 1.0))
    assert synced == [str(tmp_path / ledger.FILE), str(tmp_path)]


def test_a_ledger_that_somebody_opened_to_others_is_closed_again(tmp_path: Path) -> None:
    """Errors in it name hosts and paths."""
    (tmp_path / ledger.FILE).touch(mode=0o644)
    (tmp_path / ledger.FILE).chmod(0o644)
    assert ledger.append(str(tmp_path), ledger.entry({"token": "t"}, "deployed", 1.0))
    assert (tmp_path / ledger.FILE).stat().st_mode & 0o777 == 0o600


def test_an_entry_of_which_only_a_part_could_be_written_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the disk becomes full within it: the caller tells that the run was not recorded."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:5]))
    with pytest.raises(OSError, match="only a part of the entry could be written"):
        ledger.append(str(tmp_path), ledger.entry({"token": "t"}, "deployed", 1.0))
