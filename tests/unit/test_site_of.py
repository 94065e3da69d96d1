"""An app without host names of its own is served in the site of another one (docs/apps.md)."""

from __future__ import annotations

import json
import re
from pathlib import Path

from rendering import play

PAGE = (Path(__file__).resolve().parents[2] / "docs/apps.md").read_text()
LOCATION = re.compile(r"^```nginx\n(location /notes/ .*?)^```$", re.MULTILINE | re.DOTALL)
TASKS = """    - rarebooks.platform.config_tree:
        path: "{{{{ stack_path }}}}"
        roles: "{{{{ __stack_trees }}}}"
        secrets_file: {scratch}/secrets.json
    - ansible.builtin.copy:
        content: "{{{{ __stack_certificates | to_json }}}}"
        dest: {scratch}/certificates.json
        mode: "0600"
"""
DESCRIPTION = """
notes_app:
  name: notes
  title: Notes
  site_of: maymessenger
  server_names: "{{ maymessenger_server_names }}"
  certificate: "{{ maymessenger_certificate }}"
  containers: []
  volumes: []
  images: []
  secrets: []
  probes: []
"""
SECRETS = ("db_password", "jwt_secret", "admin_phone", "admin_password", "invite_code")


def test_its_locations_are_in_the_block_with_tls_of_that_site_alone(tmp_path: Path) -> None:
    tree, role = tmp_path / "tree", tmp_path / "collections/ansible_collections/acme/apps/roles/notes"
    [location] = LOCATION.findall(PAGE)
    for name, content in (
        ("vars/main.yml", DESCRIPTION),
        ("templates/tree/nginx/locations/notes.conf.j2", location),
        ("templates/tree/compose/notes.yml.j2", "services: {}\n"),
    ):
        (role / name).parent.mkdir(parents=True)
        (role / name).write_text(content)
    (tmp_path / "secrets.json").write_text(json.dumps({f"maymessenger_{name}": "x" * 32 for name in SECRETS}))
    inventory = {
        "stack_apps": ["maymessenger", "acme.apps.notes"],
        "stack_path": str(tree),
        "maymessenger_backend_image": "messenger:1",
        "__stack_server": {"engine": {"version": "26.1"}},
    }
    play(tmp_path, TASKS.format(scratch=tmp_path), inventory, collections=f"{tmp_path}/collections")
    insecure, secure = (tree / "nginx/sites/maymessenger.conf").read_text().split("listen 443 ssl;")
    include = "    include /etc/nginx/locations/notes.conf;\n}\n"
    assert secure.endswith(include) and "/locations/" not in insecure
    assert (tree / "nginx/locations/notes.conf").read_text() == location
    names = ["messenger.rare-books.ru"]
    assert json.loads((tmp_path / "certificates.json").read_text()) == [{"name": names[0], "names": names}]
