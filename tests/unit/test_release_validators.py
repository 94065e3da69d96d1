"""Check mode asks nginx only about what it could read: the certificate of a new app is made by the run that check mode is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = "Docker Compose accepts the project"
NGINX = "nginx accepts its configuration, in the proxy's own image and network"
THERE = {"images": ["nginx:stable-alpine"], "certificates": ["books"]}
PLAY = [
    {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars_files": [f"{ROOT}/roles/stack/vars/main.yml"],
        "tasks": [{"ansible.builtin.debug": {"msg": "{{ __stack_release_validators | map(attribute='name') }}"}}],
    }
]


def asked(tmp_path: Path, server: dict[str, Any], *options: str) -> list[str]:
    play = tmp_path / "play.yml"
    play.write_text(yaml.safe_dump(PLAY))
    known = {
        "stack_apps": [],
        "stack_path": "/opt/rarebooks",
        "network_name": "rarebooks_network",
        "proxy_image": "nginx:stable-alpine",
        "__stack_pulled": {},
        "__stack_certificates": [{"name": "books", "names": ["books.example"]}],
        "__stack_server": {"images_lost": {}, **server},
    }
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "-i", "localhost,", "-e", json.dumps(known), *options, play],
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [name for name in (COMPOSE, NGINX) if name in done.stdout]


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        (THERE, [COMPOSE, NGINX]),
        ({**THERE, "certificates": []}, [COMPOSE]),
        ({**THERE, "images": []}, [COMPOSE]),
    ],
    ids=["all is there", "a certificate is to be made", "the image is to be pulled"],
)
def test_in_check_mode(server: dict[str, Any], expected: list[str], tmp_path: Path) -> None:
    assert asked(tmp_path, server, "--check") == expected


def test_a_run_asks_both(tmp_path: Path) -> None:
    assert asked(tmp_path, {**THERE, "certificates": []}) == [COMPOSE, NGINX]
