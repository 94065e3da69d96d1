"""What an inventory may say of the messenger's media and of places that have moved, and what it is told otherwise."""

from __future__ import annotations

import json
from pathlib import Path

from ansible_collections.rarebooks.platform.plugins.plugin_utils import _formats
from rendering import play

TASKS = """    - ansible.builtin.copy:
        content: "{{{{ maymessenger_app.formats | to_json }}}}"
        dest: {scratch}/formats.json
        mode: "0600"
"""
WRONG = {
    "maymessenger_media": [
        {"volume": "firebase", "path": "/app/firebase_config"},
        {"volume": "a", "path": "/a", "expires": "1d"},
        {"volume": "b", "path": "/b", "location": "/b/", "expires": "a day", "body_size": "100 M"},
    ],
    "maymessenger_redirects": {"/uploads/audio": "/audio/"},
    "maymessenger_rewrites": {"/setup/": "/api/$1/"},
    "maymessenger_hub_timeout": "days",
    "maymessenger_backend_dest": "nginx",
}
DIRECTORY = "expected a directory below stack_path other than backups, ca, compose, env, files, letsencrypt, logs and nginx"
PREFIX = "expected a path of letters, digits and ._~@+- with a slash at both ends, such as /audio/"


def test_each_value_is_refused_by_its_variable(tmp_path: Path) -> None:
    inventory = {"stack_apps": ["maymessenger"], "maymessenger_backend_image": "messenger:1", **WRONG}
    play(tmp_path, TASKS.format(scratch=tmp_path), inventory)
    assert sorted(_formats.problems(json.loads((tmp_path / "formats.json").read_text()))) == [
        f'maymessenger_backend_dest: {DIRECTORY}, got "nginx".',
        'maymessenger_hub_timeout: expected a time as nginx writes it, such as 60s or 1d, got "days".',
        'maymessenger_media: expected a size as nginx writes it, such as 50m, got "100 M".',
        'maymessenger_media: expected a time as nginx writes it, such as 60s or 1d, got "a day".',
        'maymessenger_media: location: expected an absolute path of letters, digits and ._~@+-, got "".',
        f'maymessenger_redirects: {PREFIX}, got "/uploads/audio".',
        f'maymessenger_rewrites: {PREFIX}, got "/api/$1/".',
    ]
