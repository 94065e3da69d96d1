"""A lost store of secrets is read back from the files of the live release, byte for byte or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._secrets import kept
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import desired, plan

SOURCE = "HOST=db\nPASSWORD=@secret(db)@;Key=@secret(key)@\nAGAIN=@secret(db)@\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("HOST=db\nPASSWORD=one;Key=two\nAGAIN=one\n", {"db": "one", "key": "two"}),
        ("HOST=db\nPASSWORD=o.*e;Key=t=o\nAGAIN=o.*e\n", {"db": "o.*e", "key": "t=o"}),
        # Changed by hand: what it says is nobody's secret for certain.
        ("HOST=db\nPASSWORD=one;Key=two\nAGAIN=other\n", {}),
        ("HOST=other\nPASSWORD=one;Key=two\nAGAIN=one\n", {}),
        ("HOST=db\nPASSWORD=one;Key=two\nAGAIN=one\nMORE=1\n", {}),
        ("", {}),
    ],
)
def test_values_of_a_text(text: str, found: dict[str, str]) -> None:
    assert kept.values("env/db.env", SOURCE, text) == found


CONNECTION = "Db=Host=db;Username=u;Password=@secret(db)@\nKey=@secret(key)@\n"


@pytest.mark.parametrize("db", ["plain", "a;b", 'a"b', "a'b", "a$b", "a #b", " blanks ", "q\"'x", "back\\", "back\\'"])
@pytest.mark.parametrize("key", ["plain", "=a=b;", "'quoted'", '"quoted"', "$HOME \\' #"])
def test_whatever_needed_quotes_comes_back_as_it_was(db: str, key: str) -> None:
    secrets = {"db": db, "key": key}
    text = desired.resolve("env/db.env", CONNECTION, secrets)
    assert kept.values("env/db.env", CONNECTION, text) == secrets


def test_all_files_of_the_release_are_read(tmp_path: Path) -> None:
    owned = {
        "env/db.env": plan.Owned("0" * 64, "0600", "P=@secret(db)@\n"),
        "env/app.env": plan.Owned("0" * 64, "0600", "K=@secret(key)@\n"),
        "env/gone.env": plan.Owned("0" * 64, "0600", "G=@secret(gone)@\n"),
        "release.json": plan.Owned("0" * 64, "0644"),
    }
    (tmp_path / plan.MANIFEST).write_bytes(plan.dump_manifest(owned))
    (tmp_path / "env").mkdir()
    (tmp_path / "env/db.env").write_text("P=one\n")
    (tmp_path / "env/app.env").write_text("K=two\n")
    assert kept.read_back(str(tmp_path)) == {"db": "one", "key": "two"}


@pytest.mark.parametrize("content", [None, "{half"])
def test_without_a_list_of_files_there_is_nothing(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / plan.MANIFEST).write_text(content)
    assert kept.read_back(str(tmp_path)) == {}


def test_values_of_before_a_rotation_are_masked_as_well() -> None:
    files = [("env/db.env", SOURCE, b"HOST=db\nPASSWORD=old;Key=two\nAGAIN=old\n")]
    found = kept.masks({"db": "new", "key": "two"}, files)
    assert found == {"db": "new", "key": "two", f"{kept.OTHER}env/db.env db": "old"}
    assert kept.masks({"db": "old", "key": "two"}, files) == {"db": "old", "key": "two"}
