"""The committed README of each role is what its argument specs say, and the rendering loses nothing of them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "role_readmes.py"
specification = importlib.util.spec_from_file_location("role_readmes", SCRIPT)
assert specification and specification.loader
role_readmes = importlib.util.module_from_spec(specification)
specification.loader.exec_module(role_readmes)

ROLES = role_readmes.roles()


def test_every_role_has_argument_specs() -> None:
    assert [role.name for role in ROLES] == sorted(path.name for path in (role_readmes.ROOT / "roles").iterdir())


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_the_committed_readme_is_the_generated_one(role: Path) -> None:
    assert (role / "README.md").read_text() == role_readmes.readme(role), "run: python tests/role_readmes.py"


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_the_readme_names_every_variable(role: Path) -> None:
    text = role_readmes.readme(role)
    for name in (name for entry in role_readmes.entries(role).values() for name in entry["options"]):
        assert f"| `{name}` |" in text


@pytest.mark.parametrize(
    ("markup", "markdown"),
    [
        ("V(0) is C(nothing), see O(a_b).", "`0` is `nothing`, see `a_b`."),
        ("M(a.b.health) and P(a.b.secret#filter)", "`a.b.health` and `a.b.secret`"),
        ("fails B(fast)", "fails **fast**"),
        (["One.", "Two,\n  and three."], "One. Two, and three."),
        ("what TLS(1.2) is", "what TLS(1.2) is"),
    ],
)
def test_markup(markup: Any, markdown: str) -> None:
    assert role_readmes.text(markup) == markdown


@pytest.mark.parametrize(
    ("option", "shown"),
    [
        ({"default": ""}, '`""`'),
        ({"default": "auto"}, "`auto`"),
        ({"default": False}, "`false`"),
        ({"default": ["a", 1]}, '`["a", 1]`'),
        ({"required": True}, "**required**"),
    ],
)
def test_default(option: dict[str, Any], shown: str) -> None:
    assert role_readmes.default(option) == shown


def test_suboptions_choices_and_secrets_are_shown() -> None:
    options = {
        "sites": {
            "type": "list",
            "elements": "dict",
            "description": "Sites.",
            "default": [],
            "options": {"mode": {"description": "How.", "choices": ["a", "b|c"], "required": True, "no_log": True}},
        }
    }
    assert list(role_readmes.rows(options)) == [
        "| `sites` | list of dict | `[]` | Sites. |",
        "| `sites[].mode` | str | **required** | How. One of `a`, `b\\|c`. Never shown. |",
    ]
