"""Running programs without a module."""

from __future__ import annotations

import subprocess
import sys

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base.command import execute

SPEAK = "import os, sys; print('out', flush=True); print(os.environ['WHO'], file=sys.stderr, flush=True); sys.exit(3)"


@pytest.mark.parametrize(("merged", "out", "err"), [(False, "out\n", "us\n"), (True, "out\nus\n", "")])
def test_what_a_program_said_and_how_it_ended(merged: bool, out: str, err: str) -> None:
    assert execute([sys.executable, "-c", SPEAK], {"WHO": "us"}, merged=merged) == (3, out, err)


def test_the_environment_is_added_to_and_input_is_none() -> None:
    code, out, _errors = execute([sys.executable, "-c", "import os, sys; print('PATH' in os.environ, repr(sys.stdin.read()))"])
    assert (code, out) == (0, "True ''\n")


def test_bytes_that_are_no_text_do_no_harm() -> None:
    assert execute([sys.executable, "-c", "import sys; sys.stdout.buffer.write(b'\\xff')"])[1] == "\ufffd"


def test_what_does_not_start_or_end_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        execute(["/nonexistent/program"])
    with pytest.raises(subprocess.TimeoutExpired):
        execute([sys.executable, "-c", "import time; time.sleep(60)"], seconds=0.1)


def test_a_program_reads_what_it_is_given() -> None:
    assert execute(["cat"], given="привет") == (0, "привет", "")
    assert execute(["cat"]) == (0, "", "")
