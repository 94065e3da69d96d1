"""The public contract for roles of apps, as docs/apps.md states it, is what the types say: each key, its type, default and unit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import yaml
from ansible_collections.rarebooks.platform.plugins.module_utils._base.state import default_of
from ansible_collections.rarebooks.platform.plugins.module_utils._health.probes import DEFAULT_TYPE, TYPES
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import (
    APP_DESCRIPTION,
    App,
    AppFile,
    ContainerFile,
    Database,
    EnvironmentVariable,
    Secret,
    Source,
)
from ansible_collections.rarebooks.platform.plugins.modules import health
from ansible_collections.rarebooks.platform.plugins.plugin_utils._app_faults import called, is_required

PAGE = (Path(__file__).parents[2] / "docs/apps.md").read_text()
ROW = re.compile(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \| (.+) \|$", re.MULTILINE)
RECORDS: dict[str, Any] = {
    "The app": App,
    "A database": Database,
    "A file of a container": ContainerFile,
    "A secret": Secret,
    "An environment variable": EnvironmentVariable,
    "A source": Source,
    "A file": AppFile,
}

PROBES = {name: "A probe" if name == DEFAULT_TYPE else f"A probe of type {name}" for name in TYPES}


def documented(heading: str) -> list[tuple[str, ...]]:
    [section] = re.findall(rf"^### {heading}\n(.*?)(?=^#)", PAGE, re.MULTILINE | re.DOTALL)
    return ROW.findall(section)


def stated(shape: Any) -> Iterator[tuple[str, str, str, str]]:
    """Yield what the page has to say of each key, and the unit in which it counts."""
    hints = get_type_hints(shape)
    for one in fields(shape):
        default = default_of(one)
        said = json.dumps(default) if isinstance(default, bool) or (default and isinstance(default, tuple)) else str(default)
        said = "required" if is_required(one) else "none" if default is None else "empty" if not default and default is not False else said
        name = re.sub("^(an? |one of )", "", called(hints[one.name]))
        yield one.name, name, said, one.metadata.get("unit", "")


@pytest.mark.parametrize(("heading", "shape"), [*RECORDS.items(), *((PROBES[name], shape) for name, shape in TYPES.items())])
def test_the_page_lists_the_keys_of_the_type_and_no_others(heading: str, shape: Any) -> None:
    rows = documented(heading)
    wanted = list(stated(shape))
    assert [row[:3] for row in rows] == [one[:3] for one in wanted]
    assert [row[0] for row, one in zip(rows, wanted, strict=True) if one[3] not in row[3]] == [], "in another unit"


def test_the_page_states_the_version() -> None:
    assert re.findall(r"\*\*app description (\d+)\*\*", PAGE) == [str(APP_DESCRIPTION)]


def test_a_probe_is_what_the_module_health_takes() -> None:
    options = yaml.safe_load(health.DOCUMENTATION)["options"]["http"]["suboptions"]
    own = {one.name: default_of(one) for one in fields(TYPES["http"]) if one.name != "type"}
    assert set(options) == set(own)
    for name, option in options.items():
        if "default" in option:
            assert own[name] == (tuple(option["default"]) if isinstance(option["default"], list) else option["default"]), name


def test_every_type_says_what_it_is() -> None:
    assert all(shape.__doc__ and not shape.__doc__.startswith(f"{shape.__name__}(") for shape in (*RECORDS.values(), *TYPES.values()))
