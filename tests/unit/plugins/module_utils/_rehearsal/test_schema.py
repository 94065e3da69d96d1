# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a migration did to a schema is told by names, and what the version of before may miss is told apart."""

from __future__ import annotations

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._rehearsal.schema import Change, Schema, difference

BOOKS: Schema = {("public.books", ""): "", ("public.books", "id"): "uuid", ("public.books", "title"): "text"}


@pytest.mark.parametrize(
    ("after", "change", "told", "breaks"),
    [
        (BOOKS, Change(), "no table or column differs", False),
        ({**BOOKS, ("public.books", "isbn"): "text"}, Change(added=("public.books.isbn",)), "new: public.books.isbn", False),
        (
            {**BOOKS, ("public.reviews", ""): "", ("public.reviews", "id"): "uuid", ("public.reviews", "text"): "text"},
            Change(added=("public.reviews",)),
            "new: public.reviews",
            False,
        ),
        ({}, Change(gone=("public.books",)), "gone: public.books", True),
        (
            {("public.books", ""): "", ("public.books", "id"): "bigint", ("public.books", "name"): "text"},
            Change(("public.books.name",), ("public.books.title",), ("public.books.id",)),
            "new: public.books.name; gone: public.books.title; of another type: public.books.id",
            True,
        ),
    ],
    ids=["nothing", "a column", "a table", "a table gone", "renamed, and another type"],
)
def test_a_change_is_told(after: Schema, change: Change, told: str, breaks: bool) -> None:
    found = difference(BOOKS, after)
    assert (found, str(found), found.breaks) == (change, told, breaks)


def test_many_are_told_by_number() -> None:
    after = {**BOOKS, **{("public.books", f"c{number}"): "text" for number in range(10)}}
    assert str(difference(BOOKS, after)).endswith("public.books.c7 and 2 more")
