"""What apps have in common is written once, in roles/stack/templates/platform: a role's own copy would drift."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# The proxy is no app.
TREES = sorted(found.parent for found in (ROOT / "roles").glob("*/templates/tree/compose") if found.parents[2].name != "proxy")
SHARED = {
    "compose": ("healthcheck:", "logging:", "restart:", "external: true", "POSTGRES", "pg_isready"),
    "nginx/sites": ("listen ", "server_name", "ssl_certificate", "acme_challenge.conf", "Strict-Transport-Security"),
}


def test_the_apps_are_found() -> None:
    assert {tree.parents[1].name for tree in TREES} >= {"rarebooks", "maymessenger"}


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.parents[1].name)
def test_an_apps_templates_hold_only_what_is_its_own(tree: Path) -> None:
    copies = [
        f"{file.relative_to(ROOT)}: {word.strip()}"
        for folder, words in SHARED.items()
        for file in sorted((tree / folder).iterdir())
        for word in words
        if word in file.read_text()
    ]
    assert not copies, "expected a macro of roles/stack/templates/platform (docs/apps.md) in the place of " + "; ".join(copies)
