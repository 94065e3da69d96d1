"""What a difference shows, and what it never shows."""

from __future__ import annotations

import os

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base.files import sha256
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import diff
from ansible_collections.rarebooks.platform.plugins.module_utils._tree.desired import File
from ansible_collections.rarebooks.platform.plugins.module_utils._tree.plan import Existing, Owned, Plan

HIDDEN = {"word": "n3w-s3cr3t"}
UID = os.geteuid()
PRIVATE = "(private content, not shown)\n"


def text(source: str, private: bool = False) -> File:
    return File("f", source, source.replace("@secret(word)@", HIDDEN["word"]).encode(), private)


def live(data: str, mode: int = 0o644, uid: int = UID, target: str | None = None) -> Existing:
    return Existing(data.encode(), mode, uid, target)


def written(source: str, data: str) -> Owned:
    return Owned(sha256(data.encode()), "0600", source)


def difference(existing: Existing | None, file: File | None, owned: Owned | None = None) -> tuple[str, str]:
    before = {} if existing is None else {"f": existing}
    plan = Plan("/tree", [] if file is None else [file], {}, {"f": "any"}, before, {} if owned is None else {"f": owned}, True)
    [entry] = diff.render(plan, HIDDEN)
    assert entry["before_header"] == entry["after_header"] == "/tree/f"
    return entry["before"], entry["after"]


ONE = "P=@secret(word)@\n"
TWO = "P=@secret(word)@\nNEW=1\n"

CASES = {
    "created": (None, text("1\n"), None, "", "1\n"),
    "updated": (live("1\n"), text("2\n"), None, "1\n", "2\n"),
    "removed": (live("1\n"), None, Owned("", "0644"), "1\n", ""),
    "mode only": (live("1\n", 0o640), text("1\n"), None, f"(mode 0640, owner {UID})\n1\n", f"(mode 0644, owner {UID})\n1\n"),
    "owner only": (live("1\n", uid=77), text("1\n"), None, "(mode 0644, owner 77)\n1\n", f"(mode 0644, owner {UID})\n1\n"),
    "link": (live("", 0, target="x/y"), text("1\n"), None, "(symbolic link to x/y)\n", "1\n"),
    "created with a secret": (None, text(ONE), None, "", "P=********\n"),
    "known value written by hand": (live("n3w-s3cr3t 1\n"), text("2\n"), None, "******** 1\n", "2\n"),
    "known value in a public text": (None, text("n3w-s3cr3t\n"), None, "", "********\n"),
    "value rotated": (
        live("P=0ld-s3cr3t\n", 0o600),
        text(ONE),
        written(ONE, "P=0ld-s3cr3t\n"),
        "P=********\n",
        "P=********\n(the value of a secret differs)\n",
    ),
    "value rotated and text changed": (
        live("P=0ld-s3cr3t\nOLD=1\n", 0o600),
        text(TWO),
        written("P=@secret(word)@\nOLD=1\n", "P=0ld-s3cr3t\nOLD=1\n"),
        "P=********\nOLD=1\n",
        "P=********\nNEW=1\n",
    ),
    "changed by hand": (
        live("P=h4nd-s3cr3t\nNEW=1\n", 0o600),
        text(TWO),
        written(TWO, "P=0ld-s3cr3t\nNEW=1\n"),
        "********\nNEW=1\n",
        "P=********\nNEW=1\n",
    ),
    "adopted": (live("P=h4nd-s3cr3t\nNEW=1\n", 0o600), text(TWO), None, "********\nNEW=1\n", "P=********\nNEW=1\n"),
    "secret no longer needed": (
        live("P=h4nd-s3cr3t\n", 0o600),
        text("Q=1\n"),
        None,
        f"(mode 0600, owner {UID})\n********\n",
        f"(mode 0644, owner {UID})\nQ=1\n",
    ),
    "removed with a secret": (live("P=0ld-s3cr3t\n", 0o600), None, written(ONE, "P=0ld-s3cr3t\n"), "P=********\n", ""),
    "removed after a change by hand": (live("P=h4nd-s3cr3t\n"), None, written(ONE, "P=0ld-s3cr3t\n"), PRIVATE, ""),
    "private created": (None, text("k3y-s3cr3t", True), None, "", PRIVATE),
    "private changed": (
        live("k3y-s3cr3t", 0o600),
        text("n3w-k3y-s3cr3t", True),
        Owned("", "0600"),
        PRIVATE,
        f"{PRIVATE}(private content differs)\n",
    ),
    "private with a loose mode": (
        live("k3y-s3cr3t"),
        text("k3y-s3cr3t", True),
        Owned("", "0600"),
        f"(mode 0644, owner {UID})\n{PRIVATE}",
        f"(mode 0600, owner {UID})\n{PRIVATE}",
    ),
    "private removed": (live("k3y-s3cr3t", 0o600), None, Owned("", "0600"), PRIVATE, ""),
}


@pytest.mark.parametrize(("existing", "file", "owned", "before", "after"), CASES.values(), ids=CASES)
def test_difference(existing: Existing | None, file: File | None, owned: Owned | None, before: str, after: str) -> None:
    shown = difference(existing, file, owned)
    assert shown == (before, after)
    assert "s3cr3t" not in str(shown)
    assert before != after


def test_a_file_that_is_no_text_is_shown_without_failing() -> None:
    assert difference(Existing(b"\xff1\n", 0o644, UID), text("1\n")) == ("\ufffd1\n", "1\n")


def test_what_an_interrupted_run_had_committed_is_named_without_its_content() -> None:
    [entry] = diff.interrupted("/tree", {"f": "created"})
    assert (entry["after_header"], entry["after"]) == ("/tree/f", "(created in completing it)\n")
    assert entry["before"] != entry["after"]
