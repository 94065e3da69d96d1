# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What of a heartbeat's output reaches the screen, and for how long."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from ansible import constants
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _progress


@pytest.fixture(autouse=True)
def own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    return tmp_path


def test_each_host_has_its_own_line_and_what_a_shell_says_is_none() -> None:
    _progress.keep("shop", "sudo: unable to resolve host\r\nrarebooks.platform: waiting for db\r\n")
    _progress.keep("blog/../x", "Last login: today\n")
    assert (_progress.latest("shop", 0), _progress.latest("blog/../x", 0)) == ("waiting for db", "")


def test_it_is_about_the_step_that_goes_on_and_about_this_moment(own_directory: Path) -> None:
    _progress.keep("shop", "rarebooks.platform: waiting for db\n")
    assert _progress.latest("shop", time.time() + 1) == ""
    (kept,) = own_directory.iterdir()
    os.utime(kept, (0, time.time() - _progress.FRESH - 1))
    assert _progress.latest("shop", 0) == ""


def test_a_terminal_gets_one_line_of_plain_text() -> None:
    _progress.keep("shop", f"rarebooks.platform: \x1b]0;x\x07{'a' * 300}\n")
    assert _progress.latest("shop", 0) == "]0;x" + "a" * 196 + " ..."


def test_a_directory_that_is_gone_is_nobodys_trouble(own_directory: Path) -> None:
    own_directory.rmdir()
    _progress.keep("shop", "rarebooks.platform: waiting for db\n")
    assert _progress.latest("shop", 0) == ""
