"""A new type of probe takes the three files that CONTRIBUTING.md names: with them changed and all else as it is, it works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COLLECTION = "ansible_collections/rarebooks/platform"
OWN_FILE = '''
from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Literal

from .gate import OK, ProbeResult, waiting


@dataclass(frozen=True)
class TcpCheck:
    """A port that must take connections."""

    port: int
    type: Literal["tcp"] = "tcp"
    certified_host: str = ""

    @property
    def called(self) -> str:
        return f"port {self.port}"


class TcpProbe:
    kind = "tcp"

    def __init__(self, check: TcpCheck) -> None:
        self.name, self.port, self.expectation = check.called, check.port, f"{check.called} takes connections"

    def check(self) -> ProbeResult:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError as error:
            return waiting(str(error))
        return OK

    def next_step(self) -> str:
        return f"ss -tln | grep {self.port}"
'''
PAGE = """
### A probe of type tcp

| key | type | default | meaning |
|---|---|---|---|
| `port` | whole number | required | the port |
| `type` | tcp | tcp | what kind of probe it is |
| `certified_host` | text | empty | never asked for |

## What templates can use
"""
USE = """
import socket, sys
from ansible_collections.rarebooks.platform.plugins.module_utils._base import state
from ansible_collections.rarebooks.platform.plugins.module_utils._health.run import Gate, wait_until_healthy
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.target import from_inventory, Release
from ansible_collections.rarebooks.platform.plugins.plugin_utils._app_faults import read

lists = {name: [] for name in ("server_names", "containers", "volumes", "images", "secrets")}
listening = socket.create_server(("127.0.0.1", 0))
described = {"name": "a", "title": "A", "certificate": "c", **lists,
             "probes": [{"type": "tcp", "port": listening.getsockname()[1]}, {"type": "tcp", "prot": 5}, {"type": "tpc", "port": 5}]}
print(*read("a_app", described)[1], sep="\\n")
del described["probes"][1:]
app, faults = read("a_app", described)
assert not faults and state.fit(described, App) == app
target = from_inventory([], Release(apps=(app,)))
for expected in (True, False):
    held, result = wait_until_healthy(Gate(probes=target.probes, deadline=0.01), {})
    assert held is expected, result
    listening.close()
print(result["msg"])
"""


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """Return a copy of the collection with a new type of probe."""
    copy = tmp_path / COLLECTION
    copied = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "plugins", copy / "plugins", ignore=copied)
    shutil.copytree(ROOT / "docs", copy / "docs", ignore=copied)
    (copy / "tests/unit").mkdir(parents=True)
    shutil.copy(ROOT / "tests/unit/test_docs_app_description.py", copy / "tests/unit")
    health = copy / "plugins/module_utils/_health"
    (health / "tcp.py").write_text(OWN_FILE)
    replace(
        health / "probes.py",
        ("from .gate import Probe\n", "from .gate import Probe\nfrom .tcp import TcpCheck, TcpProbe\n"),
        ("Check = HttpCheck\n", "Check = HttpCheck | TcpCheck\n"),
        ('{"http": HttpCheck}', '{"http": HttpCheck, "tcp": TcpCheck}'),
        ("    # Here, since", "    if isinstance(check, TcpCheck):\n        return TcpProbe(check)\n    # Here, since"),
    )
    replace(copy / "docs/apps.md", ("\n## What templates can use\n", PAGE))
    return copy


def replace(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text()
    for before, after in changes:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    path.write_text(text)


def run(collection: Path, *command: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(collection.parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, *command], env=environment, cwd=collection, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_is_checked_asked_and_documented(collection: Path) -> None:
    told = run(collection, "-c", USE).splitlines()
    assert told[:2] == [
        "a_app.probes[1]: expected the keys of a probe (app description 1), got prot. Write port.",
        'a_app.probes[2].type: expected a type of probes (http, tcp), got the text "tpc". Write tcp.',
    ]
    assert any(line.startswith("- tcp port") for line in told) and any("refused" in line for line in told), told
    run(collection, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", ".", "tests/unit")


def test_contributing_names_these_files() -> None:
    section = (ROOT / "CONTRIBUTING.md").read_text().partition("## The public contract for apps")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE) == [
        "plugins/module_utils/_health/<type>.py",
        "plugins/module_utils/_health/probes.py",
        "docs/apps.md",
    ]
