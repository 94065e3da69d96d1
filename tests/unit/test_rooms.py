"""plugins/module_utils has rooms with walls: what lies on a floor knows nothing of the floors above it."""

from __future__ import annotations

import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from import_graph import ROOT, UTILS, imported

# From the ground up.
FLOORS = (
    {"_base"},
    {"_engine", "_tree", "_source", "_postgres", "_certificates", "_run", "_notify"},
    {"_release", "_secrets", "_health", "_server", "_logs"},
    {"_backup", "_certbot", "_adoption"},
    {"_switch", "_offsite", "_continuous", "_rehearsal"},
    {"_verify", "_status"},
    {"_operate"},
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
FILES = sorted(UTILS.rglob("*.py"))
RULE = "A file imports its own room, lower floors, and rooms of its own floor that do not import it back (docs/design.md, The rooms)."


def name_of(path: Path) -> str:
    """Return a file as room/name."""
    return str(path.relative_to(UTILS).with_suffix(""))


def graph(path: Path, text: str) -> dict[str, set[str]]:
    return {name_of(path): {name_of(one) for one in imported(path, text)}}


GRAPH = {name: used for path in FILES for name, used in graph(path, path.read_text()).items()}


def rooms(files: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return which rooms each room imports."""
    found: dict[str, set[str]] = {}
    for name, used in files.items():
        room = name.split("/")[0]
        found.setdefault(room, set()).update({one.split("/")[0] for one in used} - {room})
    return found


def upward(files: dict[str, set[str]]) -> list[str]:
    """Return the imports that lead to a higher floor."""
    return [
        f"{name} imports {one}"
        for name, used in files.items()
        for one in sorted(used)
        if FLOOR[one.split("/")[0]] > FLOOR[name.split("/")[0]]
    ]


def circle(nodes: dict[str, set[str]]) -> str:
    """Return a circle of imports, empty where there is none."""
    try:
        TopologicalSorter(nodes).prepare()
    except CycleError as error:
        return " -> ".join(error.args[1])
    return ""


def test_every_file_lies_in_a_room() -> None:
    assert {path.parent.name for path in FILES} <= set(FLOOR)
    assert {path.parent.parent for path in FILES} == {UTILS}
    assert not list(UTILS.rglob("__init__.py")), "Ansible needs none, and a program that is copied by rooms has none"


def test_imports_among_them_are_relative() -> None:
    assert [str(path) for path in FILES if "ansible_collections" in re.sub(r'"""(.*?)"""', "", path.read_text(), flags=re.DOTALL)] == []


def test_no_import_leads_upward() -> None:
    assert upward(GRAPH) == [], RULE


def test_there_is_no_circle() -> None:
    assert circle(rooms(GRAPH)) == "", RULE
    assert circle(GRAPH) == "", RULE


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        ("_base/files.py", "from .._switch import run", ["_base/files imports _switch/run"]),
        ("_base/files.py", "from .._switch.run import Recorder", ["_base/files imports _switch/run"]),
        ("_backup/seal.py", "from .._switch.run import Recorder", ["_backup/seal imports _switch/run"]),
        ("_switch/run.py", "from .._backup.seal import seal\nfrom . import target", []),
    ],
)
def test_the_rule_sees_what_breaks_it(path: str, text: str, told: list[str]) -> None:
    assert upward(graph(UTILS / path, text)) == told


def test_a_circle_is_seen() -> None:
    assert circle(rooms({"_tree/plan": {"_source/pack"}, "_source/read": {"_tree/diff"}}))


def test_the_documented_floors_are_these() -> None:
    documented = re.findall(r"^\| (\d) \| (.*?) \|", (ROOT / "docs/design.md").read_text(), re.MULTILINE)
    assert [set(re.findall(r"`(_\w+)`", cell)) for _number, cell in documented] == list(FLOORS)


def test_tests_mirror_the_rooms() -> None:
    tests = ROOT / "tests/unit/plugins/module_utils"
    assert {path.parent.name for path in tests.rglob("test_*.py")} <= set(FLOOR)
    assert not list(tests.glob("*.py"))
