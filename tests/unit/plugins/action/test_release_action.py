"""Which roles a changed tree belongs to, and whose containers it may replace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from ansible_collections.rarebooks.platform.plugins.action.release import changed_roles

ROOT = Path(__file__).parents[4]
SOURCES = {"nginx/sites/shop.conf": "shop", "env/chat.env": "chat", "nginx/sites/chat.conf": "chat", "compose/proxy.yml": "proxy"}


def test_what_only_nginx_reads_replaces_no_container() -> None:
    assert changed_roles(["nginx/sites/shop.conf"], SOURCES) == {"roles_changed": ["shop"], "services_changed": []}


def test_any_other_file_may() -> None:
    paths = ["nginx/sites/chat.conf", "env/chat.env", "compose/proxy.yml", "somebody/else's"]
    assert changed_roles(paths, SOURCES) == {"roles_changed": ["chat", "proxy"], "services_changed": ["chat", "proxy"]}


def test_volumes_of_all_apps_are_compared_before_the_server_is_asked(tmp_path: Path) -> None:
    for role, volume in (("notes", "notes_data"), ("blog", "blog_data"), ("shop", "shop_data")):
        compose = tmp_path / f"roles/{role}/templates/tree/compose/{role}.yml.j2"
        compose.parent.mkdir(parents=True)
        compose.write_text(f"services: {{web: {{volumes: ['{volume}:/data']}}}}")
    apps = {"notes_app": {"volumes": []}, "blog_app": {"volumes": ["blog_data", "blog_old"]}, "shop_app": {"volumes": ["shop_data"]}}
    options = {"path": str(tmp_path / "none"), "project": "p", "roles": ["notes", "blog", "shop"], "proxy_record": "/none"}
    play = [{"hosts": "localhost", "gather_facts": False, "vars": apps, "tasks": [{"rarebooks.platform.release": options}]}]
    (tmp_path / "play.yml").write_text(json.dumps(play))
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "-i", "localhost,", tmp_path / "play.yml"],
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_COLLECTIONS_PATH": f"{ROOT}/collections"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 2
    assert "Role notes: notes_app.volumes: " in done.stdout and "notes_data is mounted and not described" in done.stdout
    assert "Role blog: blog_app.volumes: " in done.stdout and "blog_old is described, and no service mounts it" in done.stdout
    assert "Role shop" not in done.stdout and "Nothing has been changed." in done.stdout
