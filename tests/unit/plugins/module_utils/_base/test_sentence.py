"""Everything said to people as a sentence can be said in Russian, with the same values in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base.russian import RUSSIAN
from ansible_collections.rarebooks.platform.plugins.module_utils._base.sentence import Sentence, say
from import_graph import ROOT

FILES = sorted((ROOT / "plugins").rglob("*.py"))


def calls(path: Path) -> Iterator[ast.Call]:
    """Yield where a file says a sentence."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
            yield node


def templates(path: Path) -> Iterator[str]:
    for call in calls(path):
        first = call.args[0]
        assert isinstance(first, ast.Constant) and isinstance(first.value, str), f"{path}:{call.lineno}: the template is no literal"
        yield first.value


def fields(template: str) -> set[str]:
    return {name for _text, name, _spec, _conversion in Formatter().parse(template) if name}


SAID = {template: path for path in FILES for template in templates(path)}


def test_each_sentence_has_a_translation() -> None:
    assert SAID and sorted(set(SAID) - set(RUSSIAN)) == []


def test_no_translation_is_left_over() -> None:
    assert sorted(set(RUSSIAN) - set(SAID)) == []


@pytest.mark.parametrize("template", sorted(SAID))
def test_both_say_the_same_values(template: str) -> None:
    assert fields(RUSSIAN.get(template, template)) == fields(template)


@pytest.mark.parametrize("path", [path for path in FILES if list(calls(path))], ids=lambda path: str(path.relative_to(ROOT)))
def test_values_are_given_by_name(path: Path) -> None:
    for call in calls(path):
        (template,) = call.args
        assert isinstance(template, ast.Constant)
        given = {one.arg for one in call.keywords}
        assert None in given or given == fields(str(template.value)), f"{path}:{call.lineno}"


def test_a_sentence_is_english_as_a_text() -> None:
    assert str(say("{name} is {state}.", name="x", state="up")) == "x is up."
    assert say("{name}", name=say("inner")).text("ru") == "inner"
    assert say("brace {{}} {x}", x=1) == Sentence("brace {{}} {x}", {"x": 1})


def test_sentences_in_sentences_are_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RUSSIAN, "well", "хорошо")
    monkeypatch.setitem(RUSSIAN, "{what}: {how}", "{what} — {how}")
    assert say("{what}: {how}", what="x", how=say("well")).text("ru") == "x — хорошо"
