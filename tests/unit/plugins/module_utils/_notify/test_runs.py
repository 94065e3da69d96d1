"""What is told of a run, by what the ledger says of it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._notify.runs import message_of
from ansible_collections.rarebooks.platform.plugins.module_utils._run.ledger import BLANK, RESULTS


def entry(**facts: Any) -> dict[str, Any]:
    return {**BLANK, "action": "deploy", "by": "alice@laptop", "duration": 31.5, **facts}


@pytest.mark.parametrize(
    ("facts", "kind", "title", "lines"),
    [
        (
            {"result": "deployed"},
            "success",
            "books: deployed, and the new release serves",
            ["deploy by alice@laptop, after 31.5 s"],
        ),
        (
            {"result": "rolled back", "action": "rollback", "to": "20261124_083000"},
            "success",
            "books: rolled back, and the release of the backup serves",
            ["rollback by alice@laptop, after 31.5 s", "Backup: 20261124_083000"],
        ),
        (
            {"result": "restored", "step": "switching to the new release", "error": "no answer"},
            "warning",
            "books: the new release failed, and the one before it serves again",
            [
                "deploy by alice@laptop, after 31.5 s",
                "It had come as far as: switching to the new release",
                "Error: no answer",
                "Next: ansible-playbook verify.yml",
            ],
        ),
        (
            {"result": "restored", "action": "recovery", "by": "the server at boot"},
            "warning",
            "books: restarted in the middle of a switch, and the release before it serves again",
            ["recovery by the server at boot, after 31.5 s", "Next: ansible-playbook verify.yml"],
        ),
        ({"result": "done", "action": "knit"}, "success", "books: knit: done", ["knit by alice@laptop, after 31.5 s"]),
        ({"result": "fixed", "action": "knit"}, "failure", "books: knit: fixed", None),
    ],
)
def test_what_is_told(facts: dict[str, Any], kind: str, title: str, lines: list[str] | None) -> None:
    message = message_of(entry(**facts))
    assert message
    written = message.write("books", "en", "NOW")
    assert (written.kind, written.title) == (kind, title)
    if lines is not None:
        assert written.body.splitlines() == [*lines, "NOW"]


@pytest.mark.parametrize("result", ["unchanged", "refused"])
def test_where_nothing_has_happened_nobody_is_told(result: str) -> None:
    assert message_of(entry(result=result)) is None


@pytest.mark.parametrize("result", sorted(set(RESULTS) - {"unchanged", "refused", "done"}))
def test_whatever_else_a_run_ends_with_has_words_of_its_own(result: str) -> None:
    message = message_of(entry(result=result))
    assert message and message.title.template != "{action}: {result}"


def test_in_russian() -> None:
    message = message_of(entry(result="restored", error="no answer"))
    assert message
    written = message.write("books", "ru", "NOW")
    assert written.title == "books: новый релиз не заработал, снова работает прежний"
    assert written.body.splitlines()[:2] == ["развёртывание, запустил alice@laptop, заняло секунд: 31.5", "Ошибка: no answer"]
