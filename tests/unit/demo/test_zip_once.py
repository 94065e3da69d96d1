# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A quick server's Python compiles each module of a zip once, and imports the same from it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

QUICK = Path(__file__).resolve().parents[3] / "demo/quick"
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


@pytest.mark.parametrize(("first", "compiled"), [("", 4), ("import zip_once", 2)], ids=["as it comes", "quick"])
def test_each_module_is_compiled_once(tmp_path: Path, first: str, compiled: int) -> None:
    archive = tmp_path / "payload.zip"
    with zipfile.ZipFile(archive, "w") as payload:
        payload.writestr("package/__init__.py", "")
        payload.writestr("package/module.py", "VALUE = 'found'")
    argv = [sys.executable, "-c", SCRIPT.format(first=first), str(archive), str(QUICK)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["found", str(compiled)]
