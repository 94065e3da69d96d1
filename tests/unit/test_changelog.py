"""A branch that changes what users get brings a fragment, or says in a commit that nobody can notice."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "changelog.sh"
NOBODY = {f"GIT_{who}_{what}": "nobody@example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


@pytest.fixture
def branch(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    commit(tmp_path, "changelogs/fragments/old.yml")
    git(tmp_path, "checkout", "--quiet", "-b", "work")
    return tmp_path


def git(directory: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=directory, env={**os.environ, **NOBODY}, check=True)


def commit(directory: Path, name: str, message: str = "Change it") -> None:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("changed")
    git(directory, "add", name)
    git(directory, "commit", "--quiet", "--message", message)


def asked(directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SCRIPT, "main"], cwd=directory, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["plugins/modules/x.py", "roles/stack/tasks/main.yml", "playbooks/deploy.yml", "meta/runtime.yml"])
def test_what_users_get_needs_a_fragment(branch: Path, name: str) -> None:
    commit(branch, name)
    refused = asked(branch)
    assert refused.returncode == 1
    assert "expected a fragment in changelogs/fragments" in refused.stderr and f"\n  {name}\n" in refused.stderr
    commit(branch, "changelogs/fragments/new.yml")
    assert asked(branch).returncode == 0


def test_what_users_do_not_get_needs_none(branch: Path) -> None:
    commit(branch, "tests/unit/test_x.py")
    commit(branch, "docs/design.md")
    assert asked(branch).returncode == 0


def test_a_commit_may_say_that_nobody_can_notice(branch: Path) -> None:
    commit(branch, "plugins/modules/x.py", "Rename a variable\n\nChangelog: none")
    assert asked(branch).returncode == 0


def test_a_fragment_that_goes_is_none(branch: Path) -> None:
    commit(branch, "plugins/modules/x.py")
    git(branch, "rm", "--quiet", "changelogs/fragments/old.yml")
    git(branch, "commit", "--quiet", "--message", "Remove it")
    assert asked(branch).returncode == 1


def test_what_happens_on_main_meanwhile_is_no_matter(branch: Path) -> None:
    commit(branch, "docs/design.md")
    git(branch, "checkout", "--quiet", "main")
    commit(branch, "plugins/modules/x.py")
    git(branch, "checkout", "--quiet", "work")
    assert asked(branch).returncode == 0
