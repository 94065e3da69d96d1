"""Files of ours that are damaged, edited by hand, or made by somebody else: one error of ours each, and nothing is acted upon."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base import secret_store, state
from ansible_collections.rarebooks.platform.plugins.module_utils._base.state import Misfit, StateError
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot import settings
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import proxy
from ansible_collections.rarebooks.platform.plugins.module_utils._release import journal as release_journal
from ansible_collections.rarebooks.platform.plugins.module_utils._release import live
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, Release
from ansible_collections.rarebooks.platform.plugins.module_utils._run import lease, ledger
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import desired, plan


class Part(TypedDict):
    """A part of a shape."""

    name: str


@dataclass
class Whole:
    """One of each kind of shape."""

    number: int
    ratio: float = 0.0
    part: Part | None = None
    texts: dict[str, list[str]] = field(default_factory=dict)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "expected JSON"),
        ("{", "expected JSON"),
        ("\x00\x01", "expected JSON"),
        ('{"number": NaN}', "NaN is no number"),
        ("[" * 100_000, "nested too deeply|recursion"),
        ("5", "expected an object, got a whole number"),
        ("{}", "it has no number"),
        ('{"number": "5"}', "number: expected a whole number, got a text"),
        ('{"number": true}', "number: expected a whole number, got true or false"),
        ('{"number": 1, "ratio": 1e999}', "ratio: expected a number, got no finite number"),
        ('{"number": 1, "part": {}}', "part has no name"),
        ('{"number": 1, "part": {"name": null}}', "part.name: expected a text, got null"),
        ('{"number": 1, "texts": {"a": ["b", 5]}}', r"texts\.a\[1\]: expected a text, got a whole number"),
    ],
)
def test_what_is_not_of_its_shape_is_named_with_its_place(text: str, complaint: str) -> None:
    with pytest.raises(Misfit, match=complaint):
        state.decode(text.encode(), Whole)


def test_what_is_of_its_shape_is_returned_as_it_and_other_keys_are_passed_over() -> None:
    text = '{"number": 1, "ratio": 2, "part": {"name": "x", "more": 5}, "texts": {"a": ["b"]}, "of a newer version": 1}'
    assert state.decode(text.encode(), Whole) == Whole(1, 2.0, {"name": "x", "more": 5}, {"a": ["b"]})  # type: ignore[typeddict-unknown-key]


def test_a_message_shows_no_value() -> None:
    with pytest.raises(StateError) as refusal:
        state.parse("secrets", b'{"number": "hunter2-hunter2"}', Whole, "Correct it.")
    assert "hunter2" not in str(refusal.value) and str(refusal.value).endswith("Correct it.")


@pytest.mark.parametrize("path", ["", ".", "..", "../x", "a/../../x", "/etc/passwd", "a//b", "a/./b", "a/", "x\0y"])
def test_a_path_that_does_not_stay_below_its_directory(path: str) -> None:
    with pytest.raises(Misfit):
        state.check_paths([path])


def test_a_path_through_another_one_which_may_be_a_link() -> None:
    state.check_paths(["a/b", "a.b", "..a", "a-/b"])
    with pytest.raises(Misfit, match="'a/b/c' lies below 'a'"):
        state.check_paths(["a", "a/b/c"])


RUN = {"token": "t", "action": "deploy", "by": "", "controller": "", "pid": 1, "pid_start": 1, "commit": "", "started": ""}
GARBAGE = ["", "\x00\xff", "{", "null", "[]", "5", '"text"', "[" * 5000]


def directory(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    "text",
    [
        *GARBAGE,
        '{"run": 5, "backup": ""}',
        '{"backup": "x"}',
        '{"run": {"pid": "x"}, "backup": ""}',
        '{"run": {}, "backup": "", "containers": "web"}',
        '{"run": {}, "backup": 7}',
    ],
)
def test_a_damaged_journal_of_a_switch_is_not_guessed_over(tmp_path: Path, text: str) -> None:
    (tmp_path / release_journal.FILE).write_text(text)
    with pytest.raises(StateError, match=r"\.release\.journal\.json is damaged: .*Nothing has been changed\. Move the file away"):
        release_journal.read(str(tmp_path))


def test_a_journal_that_is_a_directory(tmp_path: Path) -> None:
    directory(tmp_path / release_journal.FILE)
    with pytest.raises(StateError, match="cannot be read: Is a directory"):
        release_journal.read(str(tmp_path))


def test_a_journal_of_0_3_0_is_read(tmp_path: Path) -> None:
    (tmp_path / release_journal.FILE).write_text(json.dumps({"run": RUN, "backup": "20261124_120000", "containers": ["a"], "aside": {}}))
    journal = release_journal.read(str(tmp_path))
    assert journal and (journal.backup, journal.containers) == ("20261124_120000", ["a"])


@pytest.mark.parametrize("text", GARBAGE)
def test_a_damaged_record_of_what_nginx_has_read_means_that_it_reads_again(tmp_path: Path, text: str) -> None:
    (tmp_path / "record").write_text(text)
    assert not proxy.Proxy("nginx", [], str(tmp_path / "record")).is_current()


@pytest.mark.parametrize(
    "text",
    [
        *GARBAGE,
        "{}",
        json.dumps({"run": RUN, "step": 5, "boot": "", "since": 0, "reached": 0}),
        json.dumps({"run": RUN, "step": "", "boot": "", "since": "x", "reached": 0}),
        json.dumps({"run": RUN, "step": "", "boot": "", "since": 0, "reached": 0, "process": {"pid": "x"}}),
    ],
)
def test_a_damaged_lease_locks_nobody_out(tmp_path: Path, text: str) -> None:
    place = lease.Place("/opt/rarebooks", str(tmp_path))
    Path(place.file("json")).write_text(text)
    assert place.load() is None
    assert lease.take(place, ledger.Run("token"), "a step") is None


@pytest.mark.parametrize("text", ["nan", "-nan", "inf", "-inf", "1e400", "", "\x00", "x", "9999999999 1"])
def test_a_heartbeat_that_makes_no_sense_is_none(tmp_path: Path, text: str) -> None:
    place = lease.Place("/opt/rarebooks", str(tmp_path))
    lease.take(place, ledger.Run("dead"), "a step")
    Path(place.file("dead")).write_text(f"{text}\n")
    assert place.age("dead") is None
    taken_over = lease.take(place, ledger.Run("next"), "a step")
    assert taken_over and taken_over.run.token == "dead"


@pytest.mark.parametrize("line", ["{", "5", "[]", "\x00", '{"result": {}}', '{"duration": "x"}', '{"duration": NaN}', '{"release": null}'])
def test_a_damaged_line_of_the_ledger_is_counted_and_takes_no_other_with_it(tmp_path: Path, line: str) -> None:
    ledger.append(str(tmp_path), ledger.entry(ledger.Run("a"), "deployed", 1.0, release="r"))
    with (tmp_path / ledger.FILE).open("a") as stream:
        stream.write(line + "\n")
    ledger.append(str(tmp_path), ledger.entry(ledger.Run("b"), "deployed", 2, release="s"))
    entries, unreadable = ledger.read(str(tmp_path))
    assert ([one["run"] for one in entries], unreadable) == (["a", "b"], 1)


@pytest.mark.parametrize("text", [*GARBAGE, '{"a": 5}', '{"a": null}'])
def test_damaged_secrets_are_never_taken_for_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "secrets").write_text(text)
    with pytest.raises(StateError, match="new ones would lock the apps out"):
        secret_store.load(str(tmp_path / "secrets"))
    with pytest.raises(desired.TreeError, match="new ones would lock the apps out"):
        desired.load_secrets(str(tmp_path / "secrets"))


@pytest.mark.parametrize(
    "text",
    [
        *GARBAGE,
        '{"apps": 5}',
        '{"apps": [{"name": "a"}]}',
        '{"apps": [{"name": "a", "containers": "web"}]}',
        '{"apps": [], "proxy": {}}',
        '{"apps": [{"name": "a", "containers": [], "databases": [{"name": "x"}]}]}',
    ],
)
def test_a_damaged_description_is_none(text: str) -> None:
    assert live.read_description({"release.json": plan.Existing(text.encode(), 0o644, 0)}) == Release()


def test_a_port_that_an_older_version_wrote_as_a_text_damages_no_description() -> None:
    told = {"apps": [{"name": "a", "containers": ["a"], "more": 1}], "https_port": "8443"}
    files = {"release.json": plan.Existing(json.dumps(told).encode(), 0o644, 0)}
    assert live.read_description(files) == Release(apps=(App(name="a", title="a", containers=("a",)),), https_port=8443)


@pytest.mark.parametrize(
    "text",
    [
        *GARBAGE,
        '{"a": {}}',
        '{"../../x": {"sha256": "", "mode": "0644"}}',
        '{"/etc/x": {"sha256": "", "mode": "0644"}}',
        '{".config_tree.json": {"sha256": "", "mode": "0644"}}',
        '{"a": {"sha256": 5, "mode": "0644"}}',
    ],
)
def test_a_damaged_list_of_what_is_ours_removes_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "x").write_text("somebody's")
    (tmp_path / "tree" / plan.MANIFEST).write_text(text)
    with pytest.raises(desired.TreeError, match=r"something unusable: .*Put back the one that the newest backup holds"):
        plan.LiveTree(str(tmp_path / "tree"))
    assert (tmp_path / "x").exists()


@pytest.mark.parametrize("text", [*GARBAGE, '{"a": 5}', '{"a": "moved"}', '{"../../x": "removed"}', '{"a/../../x": "updated"}'])
def test_a_damaged_journal_of_a_tree_is_not_acted_upon(tmp_path: Path, text: str) -> None:
    staged = tmp_path / plan.STAGED
    staged.mkdir()
    (staged / plan.JOURNAL).write_text(text)
    with pytest.raises(desired.TreeError, match=r"got something unusable: .*Remove .*\.config_tree\.staged, then run again"):
        plan.read_journal(str(tmp_path))


@pytest.mark.parametrize("use", [settings.Settings.load, lambda path: settings.release_of(str(Path(path).parent))])
@pytest.mark.parametrize("text", [*GARBAGE, '{"apps": 5}', '{"apps": [5]}'])
def test_damaged_settings_of_renewals_say_what_to_do(tmp_path: Path, text: str, use: Callable[[str], Any]) -> None:
    (tmp_path / "release.json").write_text(text)
    with pytest.raises(StateError, match="Deploy again: that writes it anew"):
        use(str(tmp_path / "release.json"))
