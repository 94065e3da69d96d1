"""Which variables nothing reads, and which of them are slips."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.plugin_utils._unknown_variables import Unread, meant, unread

KNOWN = ("notes_body_size", "notes_server_names", "notes_backend_image", "notes_deadline")


@pytest.fixture
def roles(tmp_path: Path) -> dict[str, str]:
    for path, text in {
        "tasks/main.yml": "- register: notes_lease",
        "templates/tree/compose/notes.yml.j2": "x: {{ notes_motd }}",
        "README.md": "notes_documented",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return {"notes": str(tmp_path)}


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("notes_body_sise", "notes_body_size"),  # another letter
        ("notes_deadlin", "notes_deadline"),  # one is missing
        ("notes_deaadline", "notes_deadline"),  # one too many
        ("notes_sevrer_names", "notes_server_names"),  # two are swapped
        ("notes_server_nmaes", "notes_server_names"),
        ("notes_bdoy_szie", "notes_body_size"),  # twice
        ("notes_body", ""),
        ("notes_frontend_image", ""),
        ("notes_b_imgee", ""),
    ],
)
def test_a_slip_is_a_few_letters(name: str, known: str) -> None:
    assert meant(name, KNOWN) == known


def test_the_nearest_one_is_meant() -> None:
    assert meant("notes_dat", ("notes_data", "notes_date_", "notes_da")) in ("notes_da", "notes_data")
    assert meant("notes_size_x", ("notes_size_yy", "notes_size_x1")) == "notes_size_x1"


@pytest.mark.parametrize(
    "given",
    [
        dict.fromkeys(KNOWN, 1),
        {"notes_lease": 1, "notes_motd": 1},  # the role reads them, though it does not state them
        {"notes_size": 1, "notes_body_size": "{{ notes_size }}"},
        {"notes_size": 1, "mine": {"sizes": ["{{ notes_size }}m"]}},
        {"notesbody_size": 1, "body_size": 1, "notes": 1, "other_body_size": 1, "__notes_body_sise": 1},
    ],
)
def test_what_is_read_or_is_none_of_the_roles(given: dict[str, Any], roles: dict[str, str]) -> None:
    assert unread(given, KNOWN, roles) == []


def test_what_nothing_reads(roles: dict[str, str]) -> None:
    given = {"notes_documented": 1, "notes_body_sise": "notes_documented", "ntoes_body_size": 1}
    assert unread(given, KNOWN, roles) == [
        Unread("notes_body_sise", "notes_body_size", True),
        Unread("notes_documented", "", True),
        Unread("ntoes_body_size", "notes_body_size", False),
    ]
