"""Which files can form a tree, and what is said about those that cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base import secret_store
from ansible_collections.rarebooks.platform.plugins.module_utils._tree.desired import (
    TreeError,
    assume_missing,
    check_paths,
    check_root,
    desired,
    digest,
    hidden_values,
    load_secrets,
)


def item(path: str, content: str | None = None, private: str | None = None) -> dict[str, Any]:
    return {"path": path, "content": content, "private_content": private}


@pytest.mark.parametrize("path", ["a", ".env", "a/b/c", "a b/c", "..a", "a/.config_tree.x", "…"])
def test_paths_within_the_tree(path: str) -> None:
    check_paths([path])


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ([""], "'' is not a normalised path"),
        (["."], "'.' is not a normalised path"),
        ([".."], "'..' is not a normalised path"),
        (["/etc/passwd"], "'/etc/passwd' is not a normalised path"),
        (["a/"], "'a/' is not a normalised path"),
        (["a//b"], "'a//b' is not a normalised path"),
        (["./a"], "'./a' is not a normalised path"),
        (["a/../b"], "'a/../b' is not a normalised path"),
        (["a\0b"], "is not a normalised path"),
        (["../a"], "'../a' leads out of the tree"),
        (["../../a/b"], "'../../a/b' leads out of the tree"),
        ([".config_tree.json"], "'.config_tree.json' begins with"),
        ([".config_tree.staged/a"], "begins with"),
        (["a", "b", "a"], "'a' is given more than once"),
        (["a/b/c", "a"], "'a' is a file and the directory of 'a/b/c'"),
        (["a/b", "a/b/c"], "'a/b' is a file and the directory of 'a/b/c'"),
    ],
)
def test_paths_that_are_refused(paths: list[str], message: str) -> None:
    with pytest.raises(TreeError) as caught:
        check_paths(paths)
    assert message in str(caught.value)
    assert str(caught.value).count(";") == 0, "one complaint per mistake"


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(TreeError, match=r"'/a' is not .*'b' is given more than once"):
        check_paths(["/a", "b", "b"])


def test_mode_and_content_follow_from_what_a_file_holds() -> None:
    items = [item("c", private="key @secret(word)@"), item("a", "public"), item("b", "x=@secret(word)@")]
    files = desired(items, {"word": "value"}, "/s")
    assert [(file.path, file.mode, file.data) for file in files] == [
        ("a", 0o644, b"public"),
        ("b", 0o600, b"x=value"),
        ("c", 0o600, b"key value"),
    ]


def test_the_digest_knows_paths_modes_and_texts_but_no_value_of_a_secret() -> None:
    def of(*items: dict[str, Any], word: str = "1") -> str:
        return digest(desired(list(items), {"word": word}, "/s"))

    reference = of(item("a", "x"), item("b", "@secret(word)@"))
    assert reference == of(item("b", "@secret(word)@"), item("a", "x"), word="2")
    others = [
        of(),
        of(item("a", "x")),
        of(item("a", "x"), item("c", "@secret(word)@")),
        of(item("a", "y"), item("b", "@secret(word)@")),
        of(item("a", private="x"), item("b", "@secret(word)@")),
    ]
    assert len({reference, *others}) == 6


def test_a_missing_secret_stands_for_itself_in_a_prediction() -> None:
    items = [item("a", "@secret(known)@ @secret(other)@"), item("b", private="@secret(third)@")]
    secrets = assume_missing(items, {"known": "value"})
    assert [file.data for file in desired(items, secrets, None)] == [b"value @secret(other)@", b"@secret(third)@"]


def test_private_text_is_hidden_whole_and_by_line_unless_a_line_is_trivial() -> None:
    hidden = hidden_values([item("k", private="{\n  long-enough: 1\n}\n"), item("a", "public text")], {"word": "v1v1"})
    assert set(hidden.values()) == {"v1v1", "{\n  long-enough: 1\n}", "long-enough: 1"}
    assert secret_store.mask("{ v1v1 long-enough: 1 public text }", hidden) == "{ ******** ******** public text }"


@pytest.mark.parametrize("content", ["[]", '{"a": 1}', "{", "\udcff"])
def test_a_broken_secrets_file_is_named_but_not_quoted(content: str, tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(content, errors="surrogateescape")
    with pytest.raises(TreeError, match=rf"^{path} is damaged: "):
        load_secrets(str(path))
    assert load_secrets(str(tmp_path / "missing")) == load_secrets(None) == {}


def test_a_root_has_to_be_an_absolute_place_for_a_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    check_root(str(tmp_path / "new/deeper"), [], None)
    for root, message in {"a/b": "expected an absolute path", str(tmp_path / "file/x"): "expected a directory"}.items():
        with pytest.raises(TreeError, match=message):
            check_root(root, [], None)


def test_the_secrets_file_is_no_file_of_the_tree(tmp_path: Path) -> None:
    files = desired([item("s.json", "x")], {}, None)
    with pytest.raises(TreeError, match=r"s\.json: the secrets file cannot be"):
        check_root(str(tmp_path), files, str(tmp_path / "s.json"))


def test_a_secret_is_quoted_in_an_environment_file_and_nowhere_else() -> None:
    files = desired([item("env/a.env", "A=@secret(odd)@\n"), item("a.conf", "A=@secret(odd)@\n")], {"odd": "a;$b"}, None)
    assert {file.path: file.data for file in files} == {"env/a.env": b"A='a;$b'\n", "a.conf": b"A=a;$b\n"}


def test_a_secret_that_a_template_s_quotes_cannot_hold_is_refused_by_file_and_variable() -> None:
    with pytest.raises(TreeError, match=r"^env/a\.env: A= expected the secret in it without quotes of the template's own"):
        desired([item("env/a.env", 'A="@secret(odd)@"\n')], {"odd": "a$b"}, None)
