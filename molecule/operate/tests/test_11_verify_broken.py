"""Everything that is broken is named, with what to do next, and by an exit code."""

from __future__ import annotations

import json
import subprocess

import pytest
import server
from breakages import FIRST, SECOND, Breakage
from deployment import INVENTORY, ROOT, operator_environment
from support import wait_until
from verification import Verification, verify

BATCHES = {"first": FIRST, "second": SECOND}


@pytest.fixture(scope="module")
def sealed() -> None:
    """A backup with dumps, as the deploy before any change makes one."""
    options = {"path": "/opt/rarebooks", "project": "rarebooksdokploy", "databases": "dump"}
    argv = ["ansible", "rarebooks", "-i", str(INVENTORY), "-m", "rarebooks.platform.backup", "-a", json.dumps(options)]
    done = subprocess.run(argv, cwd=ROOT, env=operator_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def while_broken(batch: list[Breakage]) -> Verification:
    """Return what a verification says while a batch is in force."""
    done: list[Breakage] = []
    try:
        for one in batch:
            done.append(one)
            server.shell(one.breaks)
        return verify()
    finally:
        for one in reversed(done):
            server.shell(f"set +e\n{one.mends}\ntrue")


@pytest.fixture(scope="module")
def first(sealed: None) -> Verification:
    return while_broken(FIRST)


@pytest.fixture(scope="module")
def second(first: Verification) -> Verification:
    return while_broken(SECOND)


def check_named(found: Verification, breakage: Breakage) -> None:
    """See that something broken is named, with what to do next, and by the exit code."""
    one = found.one(breakage.area, breakage.subject)
    assert one["level"] == breakage.level and breakage.text in one["text"], one
    assert breakage.step in one["next"], one
    named = f"{breakage.area} {breakage.subject}" in found.done.message().replace("\n", " ")
    assert found.done.code != 0 and (named or breakage.level == "warning")


@pytest.mark.parametrize("breakage", FIRST, ids=lambda one: one.name)
def test_what_is_broken_is_named(first: Verification, breakage: Breakage) -> None:
    check_named(first, breakage)


@pytest.mark.parametrize("breakage", SECOND, ids=lambda one: one.name)
def test_what_else_is_broken_is_named(second: Verification, breakage: Breakage) -> None:
    check_named(second, breakage)


def test_what_was_mended_is_healthy_again() -> None:
    wait_until(lambda: not verify({"verify_log_minutes": 0}).of("failed"), "everything to be mended", 180)
