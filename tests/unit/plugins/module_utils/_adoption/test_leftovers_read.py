"""What lies about in the directory of a project that was set up by hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._adoption import leftovers


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "nginx").mkdir()
    (tmp_path / "backups").mkdir()
    for name in (
        "docker-compose.yml",
        "docker-compose.yml.new",
        "nginx/nginx_prod.conf.new",
        "deploy_maymessenger.sh",
        "backups/docker-compose.yml.backup.20250101_120000",
        "backups/nginx_prod.conf.backup.20250101_120000",
    ):
        (tmp_path / name).touch()
    return tmp_path


def test_new_files_scripts_and_old_backups_are_found(directory: Path) -> None:
    place = str(directory)
    own = leftovers.services(lambda *_words, **_options: (0, '{"services": {"proxy": {}, "backend": {}}}', ""), place, "shop")
    [found] = leftovers.read([place], {place: own})
    assert found["new"] == [f"{directory}/docker-compose.yml.new", f"{directory}/nginx/nginx_prod.conf.new"]
    assert found["scripts"] == ["deploy_maymessenger.sh"] and found["services"] == ["backend", "proxy"]
    assert [(one["id"], one["kind"]) for one in found["backups"]] == [("20250101_120000", "legacy")]


def test_why_compose_refuses_a_file_is_told(directory: Path) -> None:
    place = str(directory)
    own = leftovers.services(lambda *_words, **_options: (1, "", "warning\nyaml: line 3: oops\n"), place, "shop")
    [found] = leftovers.read([place], {place: own})
    assert (found["services"], found["error"]) == ([], "yaml: line 3: oops")
    assert (
        leftovers.services(lambda *_words, **_options: pytest.fail("asked"), "/none", "shop").error
        == "/none/docker-compose.yml: no such file"
    )


def test_a_project_without_containers_is_looked_for(directory: Path) -> None:
    assert leftovers.directories([], str(directory)) == [str(directory)]
    assert leftovers.directories(["/a"], str(directory)) == ["/a"]


@pytest.mark.parametrize(("written", "told"), [(-10, False), (10, True)])
def test_a_file_that_was_changed_after_the_containers_were_made(directory: Path, written: int, told: bool) -> None:
    file = directory / "docker-compose.yml"
    made = leftovers.engine.moment("2026-11-26T07:00:00.123456789Z")
    os.utime(file, (made + written, made + written))
    containers = [{"Created": "2026-11-26T06:00:00.1Z"}, {"Created": "2026-11-26T07:00:00.123456789Z"}]
    assert (leftovers.older_than_files(containers, [str(file), "/gone"]) == [str(file)]) is told
    assert leftovers.older_than_files([], [str(file)]) == []
