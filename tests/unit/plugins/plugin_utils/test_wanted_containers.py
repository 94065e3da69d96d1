"""The containers of a release, from its rendered tree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import dotenv
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _wanted_containers

RENDERED = Path(__file__).resolve().parents[2] / "data/rendered/default"
FILES = [{"path": str(path.relative_to(RENDERED)), "content": path.read_text()} for path in sorted(RENDERED.rglob("*")) if path.is_file()]


def test_our_own_apps_are_read() -> None:
    found = _wanted_containers.read(FILES, "rarebooksdokploy")
    assert sorted(found) == [
        "db_maymessenger",
        "maymessenger_backend",
        "rarebooks_backend",
        "rarebooks_books_db",
        "rarebooks_frontend",
        "rarebooks_users_db",
    ]
    backend = found["rarebooks_backend"]
    assert (backend["service"], backend["mounts"]) == (
        "backend",
        {"/app/wwwroot/collection_images": "rarebooksdokploy_collection_images"},
    )
    assert found["db_maymessenger"]["image"] == "postgres:15"


def service(**values: Any) -> str:
    return json.dumps({"services": {"web": values}, "volumes": {"data": None, "own": {"name": "foreign_own"}}})


@pytest.mark.parametrize(
    ("values", "key", "expected"),
    [
        ({"volumes": ["data:/data", "own:/own:ro", "./x:/x", {"type": "volume", "source": "data", "target": "/long"}]}, "mounts", None),
        ({"environment": {"A": 1, "B": None, "C": "$$x"}}, "environment", {"A": "1", "B": "", "C": "$x"}),
        ({"environment": ["A=b=c"], "env_file": ["./env/web.env", {"path": "env/gone.env"}]}, "environment", {"A": "b=c", "F": "g h"}),
    ],
)
def test_an_owners_own_file_is_read(values: dict[str, Any], key: str, expected: dict[str, str] | None) -> None:
    files = [{"path": "compose/web.yml", "content": service(**values)}, {"path": "env/web.env", "content": "F='g h'\n"}]
    found = _wanted_containers.read(files, "shop")["shop-web-1"]
    assert found[key] == (expected or {"/data": "shop_data", "/own": "foreign_own", "/x": "./x", "/long": "shop_data"})


@pytest.mark.parametrize("value", ["plain", "two words", "it's $5 #1", '{"a": "b$c"}', "line\nline", "a\\'$", ""])
def test_what_was_quoted_is_read_as_it_was(value: str) -> None:
    assert _wanted_containers.parse(f"# comment\nA={dotenv.quote(value)}\nB=2\n") == {"A": value, "B": "2"}
