"""What holds for config_tree whatever the trees are."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._tree.desired import TreeError, check_paths
from config_tree_support import MANIFEST, Tree, contents, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st

# Few names, so that two trees share files and directories most of the time.
PATHS = st.lists(st.sampled_from(["a", "b", ".c", "d e"]), min_size=1, max_size=3).map("/".join)
TEXTS = st.sampled_from(["", "1\n", "2\n", "@secret(word)@\n", "@secret(word)@ and more\n", "déjà\n"])


@pytest.fixture(scope="module", autouse=True)
def quick_disk() -> Iterator[None]:
    """Losing power is not what these tests do, and waiting for the disk is most of a run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _descriptor: None)
        yield


def can_stand(files: dict[str, Any]) -> bool:
    try:
        check_paths(list(files))
    except TreeError:
        return False
    return True


TREES = st.dictionaries(PATHS, TEXTS, max_size=6).filter(can_stand)


def texts(tree: Tree) -> dict[str, bytes]:
    return {path: data for path, (_, data) in contents(tree.root).items() if data is not None and path != MANIFEST}


def resolved(files: dict[str, str]) -> dict[str, bytes]:
    return {path: text.replace("@secret(word)@", "s3cr3t").encode() for path, text in files.items()}


@settings(max_examples=60, deadline=None)
@given(old=TREES, new=TREES, theirs=st.dictionaries(PATHS, st.just("not ours\n"), max_size=2).filter(can_stand))
def test_any_tree_becomes_any_other_as_predicted_or_is_left_alone(old: dict[str, str], new: dict[str, str], theirs: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as base:
        tree = Tree(Path(base))
        tree.secrets.write_text('{"word": "s3cr3t"}')
        tree.run(old)
        unowned = {
            path: text
            for path, text in theirs.items()
            if can_stand(dict.fromkeys([*old, *new, path])) and path not in old and path not in new
        }
        for path, text in unowned.items():
            (tree.root / path).parent.mkdir(parents=True, exist_ok=True)
            (tree.root / path).write_text(text)
        before = snapshot(Path(base))
        try:
            predicted = tree.run(new, check=True)
        except TreeError as error:
            # Only where a file has to become a directory or the reverse, and then a run says and does just the same.
            assert not can_stand(dict.fromkeys([*old, *new]))
            assert snapshot(Path(base)) == before
            try:
                tree.run(new)
            except TreeError as refused:
                assert str(refused) == str(error)
                assert snapshot(Path(base)) == before
                return
            raise AssertionError("check mode refused what a run accepts") from None
        assert snapshot(Path(base)) == before
        assert tree.run(new) == predicted
        assert texts(tree) == resolved(new) | {path: text.encode() for path, text in unowned.items()}
        assert all(any((tree.root / path).iterdir()) for path in contents(tree.root) if (tree.root / path).is_dir())
        assert not tree.run(new)["changed"]


@settings(max_examples=60, deadline=None)
@given(old=TREES, new=TREES)
def test_no_report_shows_a_secret_of_today_or_of_yesterday(old: dict[str, str], new: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as base:
        tree = Tree(Path(base))
        tree.secrets.write_text('{"word": "yesterday-s3cr3t"}')
        reports = [tree.run(old)]
        tree.secrets.write_text('{"word": "today-s3cr3t"}')
        try:
            reports.append(tree.run(new))
        except TreeError as error:
            reports.append({"msg": str(error)})
        assert "s3cr3t" not in str(reports)
        if "diff" in reports[-1] and old == new:
            assert reports[-1]["updated"] == sorted(path for path, text in new.items() if "@secret" in text)
