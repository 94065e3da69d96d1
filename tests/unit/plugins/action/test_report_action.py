"""Texts for people look the same with the settings of a checkout and with none at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible_collections.rarebooks.platform.plugins.action.report import ARGUMENTS
from ansible_collections.rarebooks.platform.plugins.modules import report

ROOT = Path(__file__).parents[4]
LONG = "a line that goes on " * 12
PLAY = r"""
- hosts: all
  gather_facts: false
  tasks:
    - rarebooks.platform.report:
        text: "\nid    age \n  \"1\"  2 h\n\n{long}\nTo go back: ansible-playbook rollback.yml -e rollback_to=1 \n\n"
      register: shown
    - ansible.builtin.assert:
        that: [shown is not changed, shown.msg.splitlines() | length == 5]
"""
SHOWN = f"""\
    id    age
      "1"  2 h

    {LONG.rstrip()}
    To go back: ansible-playbook -i hosts rarebooks.platform.rollback -e rollback_to=1
"""


@pytest.mark.parametrize(
    ("settings", "ended"), [("", "ok: [{}]\n"), ((ROOT / "ansible.cfg").read_text(), "{} : ok=2 ")], ids=["none", "those of a checkout"]
)
def test_a_text_is_shown_line_by_line_below_the_name_of_its_host(settings: str, ended: str, tmp_path: Path) -> None:
    config = tmp_path / "settings.cfg"
    config.write_text(settings)
    (tmp_path / "play.yml").write_text(PLAY.format(long=LONG))
    (tmp_path / "hosts").write_text("shop\nblog\n")
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "-i", "hosts", "play.yml", "--check"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"ANSIBLE_COLLECTIONS_PATH": f"{ROOT}/collections", "ANSIBLE_NOCOLOR": "1", "ANSIBLE_CONFIG": str(config)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for host in ("shop", "blog"):
        assert f"{host}:\n{SHOWN}" in done.stdout
        assert ended.format(host) in done.stdout
    assert "\\n" not in done.stdout


def test_the_documentation_states_what_the_action_takes() -> None:
    assert yaml.safe_load(report.DOCUMENTATION)["options"].keys() == ARGUMENTS.keys()
