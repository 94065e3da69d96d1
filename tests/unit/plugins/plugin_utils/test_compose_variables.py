"""Variables are replaced as Compose replaces them, and those without a value are found."""

from __future__ import annotations

import pytest
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _compose_environment
from ansible_collections.rarebooks.platform.plugins.plugin_utils._compose_variables import NotReadable, Variables

VALUES = {"A": "a", "EMPTY": ""}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("x$A-${A}", "xa-a"),
        ("$$A $${A}", "$A ${A}"),
        ("${NONE-d} ${NONE:-d} ${EMPTY-d} ${EMPTY:-d} ${A:-d}", "d d  d a"),
        ("${A+y} ${NONE+y} ${EMPTY:+y}", "y  "),
        ("${NONE:-${A}b} ${NONE:-${OTHER:-c}}", "ab c"),
        ("${A:?say} ${A?}", "a a"),
    ],
)
def test_variables_are_replaced(text: str, filled: str) -> None:
    variables = Variables(VALUES)
    assert variables.fill({"key": [text]}) == {"key": [filled]} and not variables.missing


def test_what_has_neither_value_nor_default_is_missing() -> None:
    variables = Variables(VALUES)
    variables.fill(["$ONE", "${TWO}", "${THREE:?x}", "${FOUR:-x}", "${FIVE+x}", "${SIX:-$SEVEN}", {"$KEY": 1}])
    assert variables.missing == {"ONE", "TWO", "THREE", "SEVEN"}


@pytest.mark.parametrize("text", ["costs 5$", "$1", "${A", "${1}", "${A b}"])
def test_what_is_no_variable(text: str) -> None:
    with pytest.raises(NotReadable):
        Variables(VALUES).fill(text)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b c # d", "b c"), ("A=b#c", "b#c"), ("export A = b ", "b"), ("A=", ""), ("A='b $c # d' # e", "b $c # d"),
        ('A="b\\n\\"c\\" \\$d"', 'b\n"c" $d'), ("A='it\\'s'", "it's"), ("X=1\nA=${X}2$X", "121"),
    ],
)  # fmt: skip
def test_entries_of_environment_files(line: str, value: str) -> None:
    assert _compose_environment.values(_compose_environment.read(f"# mine\n\n{line}\n"))["A"] == value


@pytest.mark.parametrize(("line", "told"), [("A", "line 1: expected a value of A"), ("A='b", "on the same line"), ("?=1", "NAME=value")])
def test_lines_that_are_refused(line: str, told: str) -> None:
    with pytest.raises(_compose_environment.NotReadable, match=told):
        _compose_environment.read(line)
