# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A test server's Python compiles each module of a zip once, in all its runs, and imports the same from it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

QUICK = Path(__file__).resolve().parents[3] / "demo/quick"
# Counts from below what is under test.
SCRIPT = """
import sys, zipimport
count, compile_source = [0], zipimport._compile_source
def counted(path, source):
    count[0] += 1
    return compile_source(path, source)
zipimport._compile_source = counted
sys.path[:0] = sys.argv[1:]
{first}
from package.module import VALUE
print(VALUE, count[0])
"""


def run(tmp_path: Path, value: str, first: str = "import keep_compiled") -> list[str]:
    """Import a value from a zip, and return it with how often something was compiled."""
    archive = tmp_path / "payload.zip"
    with zipfile.ZipFile(archive, "w") as payload:
        payload.writestr("package/__init__.py", "")
        payload.writestr("package/module.py", f"VALUE = {value!r}")
    argv = [sys.executable, "-c", SCRIPT.format(first=first), str(archive), str(QUICK)]
    environment = {**os.environ, "KEPT_COMPILED": str(tmp_path / "kept")}
    return subprocess.run(argv, capture_output=True, text=True, check=True, env=environment).stdout.split()


def test_each_source_is_compiled_once_whoever_brings_it(tmp_path: Path) -> None:
    assert run(tmp_path, "found", first="") == ["found", "4"], "as Python comes"
    assert run(tmp_path, "found") == ["found", "2"]
    assert run(tmp_path, "found") == ["found", "0"]
    assert run(tmp_path, "another") == ["another", "1"], "what differs is never mistaken"


def test_what_cannot_be_kept_is_imported_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file where the directory would be")
    assert run(tmp_path, "found") == ["found", "4"]
