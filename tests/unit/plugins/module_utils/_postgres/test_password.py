"""What PostgreSQL keeps of a password, compared with what PostgreSQL 15 itself had made of some."""

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.password import opens, scram

# RFC 7677 has the salt, the number of rounds and, in its signatures, both keys.
KEYS = "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
PENCIL = f"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==${KEYS}"


def test_it_is_the_one_of_the_standard() -> None:
    assert scram("pencil", bytes.fromhex("5b6d99689d12358eeca04b141236fa81")) == PENCIL


@pytest.mark.parametrize(("kept", "expected"), [(PENCIL, True), (PENCIL.replace("WG5", "WG6"), False), ("", False), ("pencil", False)])
def test_whether_it_is_this_one(kept: str, expected: bool) -> None:
    assert opens(kept, "user", "pencil") == expected


def test_one_of_an_older_cluster() -> None:
    kept = "md5" + hashlib.md5(b"penciluser").hexdigest()
    assert opens(kept, "user", "pencil") and not opens(kept, "user", "pen")


@pytest.mark.parametrize(("one", "other"), [("①", "1"), ("a\u00adb", "ab"), ("a\u00a0b", "a b")])
def test_what_looks_the_same_opens_the_same(one: str, other: str) -> None:
    assert opens(scram(one, b"salt"), "user", other)


@pytest.mark.parametrize("text", ["\u0627\u0031", "a\u0007", "\u0221"])
def test_what_may_not_be_prepared_is_taken_as_it_is(text: str) -> None:
    assert opens(scram(text, b"salt"), "user", text)
