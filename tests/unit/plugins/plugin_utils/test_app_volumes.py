"""The volumes of a description are those that the Compose files of its role mount."""

from __future__ import annotations

import pytest
from ansible_collections.rarebooks.platform.plugins.plugin_utils._app_volumes import fault

COMPOSE = """
services:
  db:
    volumes: ["notes_data:/var/lib/postgresql/data"]
  web:
    volumes:
      - notes_files:/files:ro
      - {type: volume, source: notes_cache, target: /cache}
      - {type: bind, source: /etc/hosts, target: /hosts}
      - {type: tmpfs, target: /tmp}
      - ./env:/env
      - ~/x:/x
      - /srv/notes:/srv
      - /var/anonymous
      - $SOMEWHERE:/y
      - somebodys:/z
      - named:/n
  job: {image: job}
volumes:
  notes_data:
  notes_files: {}
  notes_cache: {driver: local}
  somebodys: {external: true}
  named: {name: another}
"""
MOUNTED = ["notes_data", "notes_files", "notes_cache"]
PATH = "compose/notes.yml"


def test_what_is_mounted_is_described() -> None:
    assert fault("notes_app", MOUNTED, {PATH: COMPOSE, "nginx/sites/notes.conf": "volumes: x", "env/notes.env": ""}) == ""


def test_what_is_mounted_and_not_described() -> None:
    said = fault("notes_app", MOUNTED[:1], {PATH: COMPOSE})
    assert said.startswith(
        "notes_app.volumes: expected the volumes that the services of compose/notes.yml mount, notes_cache, notes_data, notes_files, "
        "got notes_data: notes_cache is mounted and not described"
    )
    assert "notes_files is mounted and not described" in said


def test_what_is_described_and_not_mounted() -> None:
    assert "notes_old is described, and no service mounts it." in fault("notes_app", [*MOUNTED, "notes_old"], {PATH: COMPOSE})
    assert "mount, none, got a: a is described" in fault("notes_app", ["a"], {PATH: "services: {}"})


def test_all_compose_files_of_a_role_count() -> None:
    other = "services: {job: {volumes: ['notes_jobs:/jobs']}}"
    assert fault("notes_app", [*MOUNTED, "notes_jobs"], {PATH: COMPOSE, "compose/notes_jobs.yml": other}) == ""


@pytest.mark.parametrize("text", ["a: [", "x: @secret(y)@", "- a", "", "services: [a]", "services: {a: b}", "services: {a: {volumes: x}}"])
def test_what_is_no_compose_file_is_for_compose_to_refuse(text: str) -> None:
    assert fault("notes_app", [], {PATH: text}) == ""
    assert fault("notes_app", ["a"], {"nginx/x.conf": text}) == ""
