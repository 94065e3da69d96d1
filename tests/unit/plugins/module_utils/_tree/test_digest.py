"""One hash for files as they are wanted and as they lie there: equal where nothing is to be sent, different where anything is."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import digest
from ansible_collections.rarebooks.platform.plugins.modules import config_tree

FILES = [{"path": "settings.json", "content": "{}\n"}, {"path": "a/program.py", "content": "print('é')\n"}]


def write(root: Path, files: list[dict[str, str]]) -> None:
    """Have the module write a tree."""
    with patch_module_args({"path": str(root), "files": files}), pytest.raises(SystemExit) as ended:
        config_tree.main()
    assert ended.value.code == 0


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write(tmp_path / "tree", FILES)
    return tmp_path / "tree"


def test_what_was_written_has_the_digest_of_what_was_wanted(tree: Path) -> None:
    assert digest.live(str(tree)) == digest.wanted(FILES) == digest.wanted(reversed(FILES))


def test_a_private_file_counts_with_its_mode(tmp_path: Path) -> None:
    files = [*FILES, {"path": "credentials.ini", "private_content": "key = 1\n"}]
    write(tmp_path, files)
    assert digest.live(str(tmp_path)) == digest.wanted(files)
    (tmp_path / "credentials.ini").chmod(0o644)
    assert digest.live(str(tmp_path)) == digest.wanted([*FILES, {"path": "credentials.ini", "content": "key = 1\n"}])


def test_what_is_not_ours_does_not_count(tree: Path) -> None:
    (tree / "other.txt").write_text("somebody's\n")
    assert digest.live(str(tree)) == digest.wanted(FILES)


def test_another_content_mode_or_number_of_files_is_another_digest(tree: Path) -> None:
    program = tree / "a/program.py"
    program.chmod(0o755)
    modes = digest.live(str(tree))
    program.chmod(0o644)
    program.write_text("print('no')\n")
    contents = digest.live(str(tree))
    program.unlink()
    assert len({digest.wanted(FILES), digest.wanted([*FILES[:1], {**FILES[1], "path": "b.py"}]), modes, contents}) == 4
    assert digest.live(str(tree)) == digest.wanted(FILES[:1])


def test_where_nothing_was_written_it_is_that_of_no_file(tmp_path: Path) -> None:
    assert digest.live(str(tmp_path)) == digest.wanted([]) != digest.wanted(FILES)


def test_a_list_of_files_that_cannot_be_read_is_no_digest(tree: Path) -> None:
    (tree / ".config_tree.json").write_text("{")
    assert digest.live(str(tree)) == ""
