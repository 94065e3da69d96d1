"""What a person who uses config_tree relies on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._tree.desired import TreeError
from config_tree_support import MANIFEST, Tree, contents, snapshot

KEYS = {"changed", "created", "updated", "removed", "recovered", "digest", "diff"}


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def reported(result: dict[str, Any]) -> dict[str, list[str]]:
    return {key: result[key] for key in ("created", "updated", "removed") if result[key]}


def validator(*argv: str) -> list[dict[str, Any]]:
    return [{"name": "It holds", "argv": list(argv)}]


def test_writes_files_with_modes_that_fit_their_content(tree: Tree) -> None:
    tree.secrets.write_text('{"word": "s3cr3t-word"}')
    umask = os.umask(0o077)
    try:
        result = tree.run({"a/b.conf": "public\n", "app.env": "P=@secret(word)@\n"}, {"key.pem": "private key\n"})
    finally:
        os.umask(umask)

    assert reported(result) == {"created": ["a/b.conf", "app.env", "key.pem"]}
    manifest = (tree.root / MANIFEST).read_bytes()
    assert contents(tree.root) == {
        MANIFEST: (0o100600, manifest),
        "a": (0o040755, None),
        "a/b.conf": (0o100644, b"public\n"),
        "app.env": (0o100600, b"P=s3cr3t-word\n"),
        "key.pem": (0o100600, b"private key\n"),
    }
    assert tree.root.stat().st_mode == 0o040755
    assert sorted(json.loads(manifest)) == ["a/b.conf", "app.env", "key.pem"]


def test_an_unchanged_run_writes_nothing(tree: Tree) -> None:
    first = tree.run({"a/b": "1\n"}, {"k": "2\n"})
    before = snapshot(tree.root.parent)
    second = tree.run({"a/b": "1\n"}, {"k": "2\n"}, validators=validator("false"))
    assert snapshot(tree.root.parent) == before
    assert second == first | {"changed": False, "created": [], "diff": []}
    assert set(second) == KEYS


@pytest.mark.parametrize("drift", ["content", "mode", "owner", "link", "gone"])
def test_repairs_what_was_changed_by_hand(tree: Tree, drift: str) -> None:
    tree.run({"a": "1\n", "b": "2\n"})
    expected, path = contents(tree.root), tree.root / "a"
    if drift == "content":
        path.write_text("by hand\n")
    elif drift == "mode":
        path.chmod(0o600)
    elif drift == "owner":
        os.chown(path, 12345, -1)
    else:
        path.unlink()
        if drift == "link":
            path.symlink_to("b")
    result = tree.run({"a": "1\n", "b": "2\n"})
    assert reported(result) == {"created" if drift == "gone" else "updated": ["a"]}
    assert contents(tree.root) == expected
    assert (path.lstat().st_uid, path.is_symlink()) == (os.geteuid(), False)


def test_removes_stale_files_and_their_empty_directories_but_nothing_of_others(tree: Tree) -> None:
    tree.run({"x/y/stale": "1\n", "x/stale": "1\n", "z/stale": "1\n", "stays": "1\n"})
    (tree.root / "z/theirs").write_text("not ours\n")
    result = tree.run({"stays": "1\n"})
    assert reported(result) == {"removed": ["x/stale", "x/y/stale", "z/stale"]}
    assert set(contents(tree.root)) == {MANIFEST, "stays", "z", "z/theirs"}
    tree.run({})
    assert set(contents(tree.root)) == {MANIFEST, "z", "z/theirs"}


def test_a_stale_path_behind_a_link_is_no_longer_ours(tree: Tree, tmp_path: Path) -> None:
    tree.run({"x/stale": "1\n"})
    (tree.root / "x").rename(tmp_path / "elsewhere")
    (tree.root / "x").symlink_to(tmp_path / "elsewhere")
    assert reported(tree.run({})) == {}
    assert (tmp_path / "elsewhere/stale").read_text() == "1\n"


def test_adopts_a_file_that_stands_in_its_place(tree: Tree) -> None:
    (tree.root / "d").mkdir(parents=True)
    (tree.root / "d/a").write_text("by hand\n")
    (tree.root / "d/same").write_text("same\n")
    result = tree.run({"d/a": "ours\n", "d/same": "same\n"})
    assert reported(result) == {"updated": ["d/a"]}
    assert reported(tree.run({})) == {"removed": ["d/a", "d/same"]}


def test_becoming_the_owner_of_an_equal_file_is_a_change_that_happens_once(tree: Tree) -> None:
    tree.root.mkdir()
    (tree.root / "same").write_text("same\n")
    assert tree.run({"same": "same\n"}, check=True)["changed"]
    assert tree.run({"same": "same\n"})["changed"]
    assert not tree.run({"same": "same\n"})["changed"]


def test_keeps_the_inode_of_a_directory_that_a_container_has_mounted(tree: Tree) -> None:
    tree.run({"nginx/a": "1\n", "nginx/b": "1\n"})
    before = (tree.root / "nginx").stat().st_ino
    tree.run({"nginx/a": "2\n", "nginx/c": "1\n"})
    assert (tree.root / "nginx").stat().st_ino == before


def test_check_mode_touches_nothing_and_predicts_the_run(tree: Tree) -> None:
    tree.secrets.write_text('{"word": "s3cr3t-word"}')
    tree.run({"a": "1\n", "x/stale": "1\n", "env": "P=@secret(word)@\n"})
    new = {"a": "2\n", "n/new": "1\n", "env": "Q=@secret(word)@\n"}
    before = snapshot(tree.root.parent)
    predicted = tree.run(new, {"k": "private\n"}, check=True)
    assert snapshot(tree.root.parent) == before
    assert predicted == tree.run(new, {"k": "private\n"})
    assert reported(predicted) == {"created": ["k", "n/new"], "updated": ["a", "env"], "removed": ["x/stale"]}


def test_check_mode_on_a_bare_server_needs_no_secrets(tree: Tree) -> None:
    before = snapshot(tree.root.parent)
    result = tree.run({"env": "P=@secret(word)@\n"}, check=True)
    assert reported(result) == {"created": ["env"]}
    assert [entry["after"] for entry in result["diff"]] == ["P=********\n"]
    assert snapshot(tree.root.parent) == before


@pytest.mark.parametrize("check", [False, True])
def test_validators_see_the_complete_tree_with_its_secrets_and_no_one_else_does(tree: Tree, check: bool) -> None:
    tree.secrets.write_text('{"word": "s3cr3t-word"}')
    files = {"unchanged": "1\n", "d/env": "P=@secret(word)@\n"}
    tree.run({"unchanged": "1\n"})
    script = 'cd "$1" && cat unchanged d/env && stat -c %a .. d d/env && exit 3'
    mtimes = snapshot(tree.root / "unchanged")
    with pytest.raises(TreeError) as caught:
        tree.run(files, check=check, validators=validator("sh", "-c", script, "sh", "{tree}"))
    assert caught.value.facts["stdout"] == "1\nP=********\n700\n755\n600\n"
    assert caught.value.facts["cmd"][4].startswith(str(tree.tmpdir if check else tree.root))
    assert snapshot(tree.root / "unchanged") == mtimes
    assert not list(tree.tmpdir.iterdir())


def test_a_refused_tree_leaves_the_live_one_untouched_and_shows_no_secret(tree: Tree) -> None:
    tree.secrets.write_text('{"word": "s3cr3t-word"}')
    tree.run({"a": "1\n", "x/stale": "1\n"})
    before = contents(tree.root)
    private = "-----BEGIN KEY-----\nQUJDREVGRw==\n"
    failing = validator("sh", "-c", "cat $0/a $0/k; head -n2 $0/k | tail -n1 >&2; exit 4", "{tree}")
    with pytest.raises(TreeError, match=r"It holds.*exit 0, got 4.*then run again.*not touched") as caught:
        tree.run({"a": "@secret(word)@\n"}, {"k": private}, validators=validator("true") + failing)
    assert contents(tree.root) == before
    facts = caught.value.facts
    assert (facts["validator"], facts["rc"], facts["stderr"]) == ("It holds", 4, "********\n")
    for secret in ("s3cr3t-word", "QUJDREVGRw", "BEGIN KEY"):
        assert secret not in str(caught.value) + json.dumps(facts)


def test_nothing_is_committed_while_a_validator_may_still_refuse(tree: Tree) -> None:
    tree.run({"a": "2\n"}, validators=validator("sh", "-c", 'test -e "$0" && test ! -e "$0/../journal.json"', "{tree}"))
    assert (tree.root / "a").read_text() == "2\n"


def test_a_refused_first_tree_leaves_no_directory_behind(tree: Tree) -> None:
    tree.root = tree.root / "deeper" / "still"
    with pytest.raises(TreeError):
        tree.run({"a": "1\n"}, validators=validator("false"))
    assert not tree.root.parent.parent.exists()


def test_a_validator_that_is_not_installed_is_named(tree: Tree) -> None:
    with pytest.raises(TreeError, match=r"no-such-program: No such file.*Install no-such-program"):
        tree.run({"a": "1\n"}, validators=validator("no-such-program", "{tree}"))
    assert not tree.root.exists()


def test_an_unknown_secret_is_refused_before_anything_changes(tree: Tree) -> None:
    tree.run({"a": "1\n"})
    before = snapshot(tree.root)
    with pytest.raises(TreeError, match=r"Unknown secrets in .*secrets.json: env needs other, word\. Generate"):
        tree.run({"a": "2\n", "env": "@secret(word)@ @secret(other)@"})
    assert snapshot(tree.root) == before


def test_what_an_earlier_crash_left_uncommitted_is_reported_and_removed(tree: Tree) -> None:
    tree.run({"a": "1\n"})
    expected = contents(tree.root)
    (tree.root / ".config_tree.staged/tree").mkdir(parents=True)
    predicted = tree.run({"a": "1\n"}, check=True)
    result = tree.run({"a": "1\n"})
    assert predicted == result
    assert (result["recovered"], result["changed"], reported(result)) == (True, True, {})
    assert contents(tree.root) == expected
