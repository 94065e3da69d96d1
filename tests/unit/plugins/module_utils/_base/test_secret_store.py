"""References to secrets, their resolution, and the masking of values."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.filter.secret import FilterModule
from ansible_collections.rarebooks.platform.plugins.module_utils._base import secret_store
from ansible_collections.rarebooks.platform.plugins.module_utils._base.state import StateError

VALUES = {"db": "correct-horse", "jwt": "correct-horse-battery", "empty": ""}


def test_the_filter_makes_what_resolve_understands() -> None:
    text = f"Password={FilterModule().filters()['secret']('db')};"
    assert secret_store.referenced(text) == {"db"}
    assert secret_store.resolve(text, VALUES) == "Password=correct-horse;"


def test_resolving_a_text_without_references_is_the_text() -> None:
    for text in ("", "user@secret.org", "@secret()@", "@secret(UPPER)@", "@secret(db)", "@secret(1db)@"):
        assert secret_store.resolve(text, VALUES) == text and secret_store.referenced(text) == set()


def test_a_value_is_not_resolved_again() -> None:
    assert secret_store.resolve("@secret(a)@", {"a": "@secret(b)@", "b": "x"}) == "@secret(b)@"


def test_unknown_secrets_are_named_all_at_once() -> None:
    with pytest.raises(secret_store.UnknownSecret, match=r"^gone, lost$"):
        secret_store.resolve("@secret(lost)@ @secret(db)@ @secret(gone)@ @secret(lost)@", VALUES)


def test_masking_leaves_no_part_of_a_longer_value() -> None:
    assert secret_store.mask("a correct-horse-battery and a correct-horse", VALUES) == "a ******** and a ********"


def test_an_empty_value_masks_nothing() -> None:
    assert secret_store.mask("plain", {"empty": ""}) == "plain"


def test_load(tmp_path: Path) -> None:
    assert secret_store.load(str(tmp_path / "nothing")) == {}
    (tmp_path / "store").write_text('{"db": "x"}')
    assert secret_store.load(str(tmp_path / "store")) == {"db": "x"}
    (tmp_path / "store").write_text('{"db": ')
    with pytest.raises(StateError, match=r"store is damaged: expected JSON.*nothing has been changed.*Restore the file"):
        secret_store.load(str(tmp_path / "store"))
    (tmp_path / "store").write_text('{"db": 5}')
    with pytest.raises(StateError, match="store is damaged: db: expected a text, got a whole number"):
        secret_store.load(str(tmp_path / "store"))


def at(path: str, moment: datetime) -> None:
    os.utime(path, (moment.timestamp(), moment.timestamp()))


def test_each_secret_is_as_old_as_its_value(tmp_path: Path) -> None:
    path, now = str(tmp_path / "secrets"), datetime.now(timezone.utc)
    assert secret_store.since(path) == {}
    # Written by a version that noted no times: no value is younger than the file.
    Path(path).write_text('{"db": "a", "jwt": "b"}')
    at(path, now - timedelta(days=400))
    secret_store.save(path, {"db": "a", "jwt": "another", "new": "c"})
    secret_store.save(path, {"db": "a", "jwt": "another", "new": "c"})
    ages = {name: max(0, (now - since).days) for name, since in secret_store.since(path).items()}
    assert ages == {"db": 400, "jwt": 0, "new": 0}
    times = Path(f"{path}{secret_store.SINCE}")
    assert times.stat().st_mode & 0o777 == 0o600 and "another" not in times.read_text()


@pytest.mark.parametrize("damage", ["", "[]", '{"db": "yesterday"}'])
def test_times_that_make_no_sense_cost_nothing_but_the_times(tmp_path: Path, damage: str) -> None:
    path = str(tmp_path / "secrets")
    secret_store.save(path, {"db": "a"})
    Path(f"{path}{secret_store.SINCE}").write_text(damage)
    at(path, datetime(2026, 1, 1, tzinfo=timezone.utc))
    assert secret_store.since(path) == {"db": datetime(2026, 1, 1, tzinfo=timezone.utc)}
    secret_store.save(path, {"db": "b"})
    assert secret_store.load(path) == {"db": "b"}
