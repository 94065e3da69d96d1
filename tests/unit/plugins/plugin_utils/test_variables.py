"""The types of variables, strictly, one sentence for each fault."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.plugin_utils._variables import problems

TIMING = {"type": "dict", "options": {"interval": {"type": "int"}, "retries": {"type": "int"}}}
MEDIA = {"type": "list", "elements": "dict", "options": {"path": {"type": "str", "required": True}}}


@pytest.mark.parametrize(
    ("spec", "value"),
    [
        ({"type": "int"}, 3),
        ({"type": "int"}, "3"),
        ({"type": "int"}, " -3 "),
        ({"type": "bool"}, False),
        ({"type": "bool"}, "false"),
        ({"type": "bool"}, "Yes"),
        ({"type": "bool"}, 1),
        ({"type": "bool"}, "0"),
        ({"type": "str"}, ""),
        ({"type": "path"}, "/opt"),
        ({"type": "str", "choices": ["off", "dump"]}, "dump"),
        ({"type": "str", "choices": ["off", "dump"]}, False),
        ({"type": "list", "elements": "str"}, []),
        ({"type": "list", "elements": "str"}, ["a"]),
        ({"type": "list"}, [1, "a"]),
        ({"type": "dict"}, {"a": 1}),
        (TIMING, {"interval": "30"}),
        (TIMING, {}),
        (MEDIA, [{"path": "/a"}]),
        ({"type": "raw"}, 5),
    ],
)
def test_what_fits(spec: dict[str, Any], value: Any) -> None:
    assert problems("x", value, spec) == []


@pytest.mark.parametrize(
    ("spec", "value", "problem"),
    [
        ({"type": "int"}, "three", 'x: expected a whole number, got the text "three".'),
        ({"type": "int"}, 1.5, "x: expected a whole number, got the number 1.5."),
        ({"type": "int"}, True, "x: expected a whole number, got the truth value true."),
        ({"type": "int"}, None, "x: expected a whole number, got nothing."),
        (
            {"type": "bool"},
            "maybe",
            'x: expected true or false, got the text "maybe". Write x: true in a file, or -e x=true on a command line.',
        ),
        ({"type": "bool"}, 2, "x: expected true or false, got the number 2. Write x: true in a file, or -e x=true on a command line."),
        ({"type": "bool"}, [], "x: expected true or false, got a list. Write x: true in a file, or -e x=true on a command line."),
        ({"type": "str"}, 1350, 'x: expected a text, got the number 1350. Put it in quotes, as in x: "...".'),
        ({"type": "str"}, True, 'x: expected a text, got the truth value true. Put it in quotes, as in x: "...".'),
        ({"type": "str"}, date(2026, 1, 2), 'x: expected a text, got a date. Put it in quotes, as in x: "...".'),
        ({"type": "str", "no_log": True}, 12345678, 'x: expected a text, got a number. Put it in quotes, as in x: "...".'),
        ({"type": "str", "choices": ["off", "dump"]}, "of", 'x: expected one of off, dump, got the text "of".'),
        ({"type": "str", "choices": ["a", "b"]}, False, 'x: expected a text, got the truth value false. Put it in quotes, as in x: "...".'),
        (
            {"type": "list", "elements": "str"},
            "www.example.org, example.org",
            'x: expected a list, got the text "www.example.org, example.org". Write x: ["www.example.org", "example.org"] in a file, or '
            """-e '{"x": ["www.example.org", "example.org"]}' on a command line.""",
        ),
        (
            {"type": "list", "elements": "str"},
            '["rarebooks"]',
            'x: expected a list, got the text "[\\"rarebooks\\"]". Write x: ["rarebooks"] in a file, or '
            """-e '{"x": ["rarebooks"]}' on a command line.""",
        ),
        (
            {"type": "list", "elements": "str"},
            "[rarebooks,messenger]",
            'x: expected a list, got the text "[rarebooks,messenger]". Write x: ["rarebooks", "messenger"] in a file, or '
            """-e '{"x": ["rarebooks", "messenger"]}' on a command line.""",
        ),
        ({"type": "list"}, {"a": 1}, "x: expected a list, got a dictionary. Write it as [one, two]."),
        ({"type": "list", "elements": "str"}, ["a", 5], 'x[1]: expected a text, got the number 5. Put it in quotes, as in x[1]: "...".'),
        (
            {"type": "dict"},
            "a=b",
            'x: expected a dictionary, got the text "a=b". Write x: {key: value} in a file, or '
            """-e '{"x": {"key": "value"}}' on a command line.""",
        ),
        (TIMING, {"interval": "30s"}, 'x.interval: expected a whole number, got the text "30s".'),
        (TIMING, {"intervall": 30}, "x: expected the keys interval, retries, got intervall."),
        (MEDIA, [{"paht": "/a"}], "x[0]: expected the keys path, got paht."),
        (MEDIA, ["/a"], 'x[0]: expected a dictionary, got the text "/a".'),
        (
            {"type": "str"},
            "a@secret(b)@",
            "x: expected no @secret( in it, since templates refer to secrets of the server by that. Write it otherwise.",
        ),
        (
            {"type": "dict"},
            {"A": ["@secret(b)@"]},
            "x.A[0]: expected no @secret( in it, since templates refer to secrets of the server by that. Write it otherwise.",
        ),
    ],
)
def test_what_does_not_fit(spec: dict[str, Any], value: Any, problem: str) -> None:
    assert problem in problems("x", value, spec)


def test_all_faults_of_one_value_at_once() -> None:
    found = problems("x", [{"path": 5, "other": 1}, "a", {}], MEDIA)
    assert len(found) == 4 and [line.partition(":")[0] for line in found] == ["x[0].path", "x[0]", "x[1]", "x[2]"]


def test_a_secret_of_another_type_is_not_shown() -> None:
    assert "hunter2" not in "".join(problems("x", "hunter2", {"type": "list", "elements": "str", "no_log": True}))


def test_a_secret_inside_of_a_value_is_not_shown_either() -> None:
    spec = {"type": "list", "elements": "dict", "options": {"value": {"type": "str", "no_log": True}, "key": {"type": "str"}}}
    found = problems("x", [{"value": 12345678, "key": 5}], spec)
    assert found == [
        'x[0].value: expected a text, got a number. Put it in quotes, as in value: "...".',
        'x[0].key: expected a text, got the number 5. Put it in quotes, as in key: "...".',
    ]
