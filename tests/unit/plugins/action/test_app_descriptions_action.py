"""The descriptions of all apps are checked in one answer, by what their roles say once they have been included."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.rarebooks.platform.plugins.action.app_descriptions import ARGUMENTS
from ansible_collections.rarebooks.platform.plugins.modules import app_descriptions

ROOT = Path(__file__).parents[4]
PLAY = f"""
- hosts: localhost
  gather_facts: false
  vars_files: [{ROOT}/roles/certificates/defaults/main.yml]
  vars:
    stack_built_images: {{maymessenger: "maymessenger_backend:1"}}
  tasks:
    - ansible.builtin.include_role:
        name: "{{{{ item }}}}"
        public: true
      loop: [rarebooks.platform.proxy, rarebooks.platform.rarebooks, rarebooks.platform.maymessenger]
    - rarebooks.platform.app_descriptions:
        roles: "{{{{ roles }}}}"
"""
OURS = ["rarebooks.platform.rarebooks", "rarebooks.platform.maymessenger"]


def check(tmp_path: Path, roles: list[str], **variables: Any) -> subprocess.CompletedProcess[str]:
    (tmp_path / "play.yml").write_text(PLAY)
    given = json.dumps({"roles": roles, "maymessenger_backend_archive": "a.zip", **variables})
    return subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "-i", "localhost,", "-e", given, tmp_path / "play.yml"],
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_COLLECTIONS_PATH": f"{ROOT}/collections"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_our_own_apps_are_as_the_contract_says(tmp_path: Path) -> None:
    done = check(tmp_path, OURS)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_faults_of_all_roles_are_one_answer(tmp_path: Path) -> None:
    shop = {"name": "shop", "title": "Shop", "server_names": "a.org", "certificate": "c", "containers": [], "volumes": [], "images": []}
    chat = {**shop, "server_names": [], "secrets": [], "probes": [], "database": [], "source": {}}
    roles = [*OURS, "acme.apps.shop", "acme.apps.chat", "acme.apps.notes", "acme.apps.broken"]
    done = check(tmp_path, roles, shop_app=shop, chat_app=chat, broken_app="{{ nowhere }}")
    assert done.returncode == 2
    for line in (
        "Nothing has been changed. These descriptions of apps cannot be used as they are (docs/apps.md, app description 1):",
        '- Role acme.apps.shop: shop_app.server_names: expected a list of texts, got the text "a.org". Write ["a.org"].',
        "- Role acme.apps.shop: shop_app: expected secrets in it, a list of secrets, got no such key. Write secrets: [] where",
        "- Role acme.apps.chat: chat_app: expected the keys of an app (app description 1), got database. Write databases.",
        "- Role acme.apps.notes: expected the variable notes_app in its vars/main.yml, got none. Describe the app there.",
        "- Role acme.apps.broken: broken_app: its value cannot be computed: 'nowhere' is undefined",
    ):
        assert line in done.stdout.replace('\\"', '"'), done.stdout
    assert "Role rarebooks" not in done.stdout


def test_what_cannot_be_computed_hides_no_other_fault(tmp_path: Path) -> None:
    database = {"container": "{{ nowhere }}", "name": 5, "user": "u", "volume": "v"}
    probes = [{"type": "{{ kind }}"}, {"url": "https://a.org/", "json": {"a": "{{ value }}"}}]
    shop = {"name": "shop", "title": "{{ title | upper }}", "server_names": "a.org", "databases": [database], "probes": probes}
    done = check(tmp_path, ["acme.apps.shop"], shop_app=shop)
    assert done.returncode == 2
    for line in (
        "- Role acme.apps.shop: shop_app.title: its value cannot be computed: 'title' is undefined",
        "- Role acme.apps.shop: shop_app.databases[0].container: its value cannot be computed: 'nowhere' is undefined",
        "- Role acme.apps.shop: shop_app.databases[0].name: expected a text, got the number 5.",
        "- Role acme.apps.shop: shop_app.probes[0].type: its value cannot be computed: 'kind' is undefined",
        "- Role acme.apps.shop: shop_app.probes[1].json.a: its value cannot be computed: 'value' is undefined",
        "- Role acme.apps.shop: shop_app.server_names: expected a list of texts",
        "- Role acme.apps.shop: shop_app: expected secrets in it",
    ):
        assert line in done.stdout.replace('\\"', '"'), done.stdout


def test_a_role_may_stand_for_several_apps_and_say_what_is_wrong_with_each(tmp_path: Path) -> None:
    one = {"name": "a", "title": "A", "server_names": [], "certificate": "c", "containers": [], "volumes": [], "images": [], "secrets": []}
    apps = [{**one, "probes": [], "notes": ["look here"]}, {**one, "probes": [], "problems": ["a cannot be."]}, one]
    done = check(tmp_path, ["acme.apps.several"], several_app=apps)
    assert done.returncode == 2 and "look here" in done.stdout + done.stderr
    assert "- Role acme.apps.several: a cannot be." in done.stdout
    assert "- Role acme.apps.several: several_app[2]: expected probes in it" in done.stdout


def test_the_documentation_and_the_action_name_the_same_options() -> None:
    documented = yaml.safe_load(app_descriptions.DOCUMENTATION)["options"]
    assert {name: option["type"] for name, option in documented.items()} == {name: option["type"] for name, option in ARGUMENTS.items()}
