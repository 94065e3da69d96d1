"""The check of variables as a play runs it: from YAML, INI and the command line, for our roles and those of others."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible_collections.rarebooks.platform.plugins.action.variables import ARGUMENTS
from ansible_collections.rarebooks.platform.plugins.modules import variables

ROOT = Path(__file__).parents[4]
OURS = [f"rarebooks.platform.{role.name}" for role in sorted((ROOT / "roles").iterdir())]
PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - rarebooks.platform.variables:
        roles: {roles}
        only: {only}
"""
SPECS = "argument_specs: {main: {options: {notes_hosts: {type: list, elements: str}, notes_size: {type: int}}}}"


class Controller:
    """A directory with a playbook and inventories."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.said = ""

    def check(self, inventory: str, *options: str, roles: list[str] = OURS, only: list[str] | None = None) -> list[str]:
        """Return the problems of an inventory's text; none where the task succeeds."""
        (self.directory / "play.yml").write_text(PLAY.format(roles=roles, only="'{{ omit }}'" if only is None else only))
        (self.directory / "hosts").write_text(inventory)
        done = subprocess.run(
            [Path(sys.executable).with_name("ansible-playbook"), "-i", "hosts", "play.yml", *options],
            cwd=self.directory,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ
            | {"ANSIBLE_COLLECTIONS_PATH": f"{ROOT}/collections", "ANSIBLE_NOCOLOR": "1", "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
        )
        self.said = done.stdout + done.stderr
        if done.returncode == 0:
            return []
        _before, told, problems = done.stdout.partition("Nothing has been changed. These variables cannot be used as they are:")
        assert told, done.stdout + done.stderr
        return [line.strip()[2:] for line in problems.splitlines() if line.strip().startswith("- ")]


@pytest.fixture
def controller(tmp_path: Path) -> Controller:
    return Controller(tmp_path)


INI = """
[rarebooks]
shop {on_the_line}
[rarebooks:vars]
{in_the_group}
"""
FITTING = [
    "proxy_https_port=443",
    "stack_backup_keep=3",
    "certificates_renew=false",
    "certificates_staging=true",
    "rollback_confirm=yes",
    "stack_backup_databases=off",
]


def test_ini_values_and_typed_ones_that_fit(controller: Controller) -> None:
    typed = [part for value in FITTING for part in ("-e", value)]
    assert controller.check("shop\n", *typed) == []
    lists = """rarebooks_server_names=["www.example.org"]"""
    assert controller.check(INI.format(on_the_line=" ".join(FITTING), in_the_group="\n".join([*FITTING, lists]))) == []


def test_all_faults_of_an_inventory_at_once(controller: Controller) -> None:
    given = ["stack_apps=rarebooks", "stack_backup_keep=three", "maymessenger_admin_phone=+70000000000", "rarebooks_db_image=15"]
    problems = controller.check(INI.format(on_the_line="", in_the_group="\n".join(given)))
    assert [problem.partition(": expected")[0] for problem in problems] == [
        "maymessenger_admin_phone",
        "rarebooks_db_image",
        "stack_apps",
        "stack_backup_keep",
    ]


def test_a_fault_is_one_line_of_the_failed_task(controller: Controller) -> None:
    assert len(controller.check("shop stack_backup_keep=three\n")) == 1
    assert controller.said.partition("FAILED ")[2].count("stack_backup_keep: expected") == 1


def test_only_the_named_ones(controller: Controller) -> None:
    typed = ["-e", "stack_backup_keep=three", "-e", "stack_apps=a"]
    assert len(controller.check("shop\n", *typed)) == 2
    assert len(controller.check("shop\n", *typed, only=["stack_apps"])) == 1


def test_a_value_that_cannot_be_computed_is_named(controller: Controller) -> None:
    (problem,) = controller.check("shop stack_path='{{ nothing_of_that_name }}'\n")
    assert problem.startswith("stack_path: its value cannot be computed: ") and "nothing_of_that_name" in problem


@pytest.mark.parametrize("place", ["argument_specs.yml", "argument_specs.yaml", "main.yml"])
def test_a_role_of_somebody_else(controller: Controller, place: str) -> None:
    meta = controller.directory / "roles/notes/meta"
    meta.mkdir(parents=True)
    (meta / place).write_text(SPECS)
    assert controller.check("shop\n", "-e", "notes_size=5", roles=["notes"]) == []
    problems = controller.check("shop\n", "-e", "notes_size=x", "-e", "notes_hosts=a,b", roles=["notes"])
    assert [problem.partition(": expected")[0] for problem in problems] == ["notes_hosts", "notes_size"]


def test_a_misspelt_variable_is_refused_with_the_one_that_is_meant(controller: Controller) -> None:
    given = ["maymessenger_body_sise=10m", "stack_gate_deadlin=30", "stack_backup_keep=5"]
    problems = controller.check(INI.format(on_the_line="", in_the_group="\n".join(given)))
    assert [problem.partition(": expected")[0] for problem in problems] == ["maymessenger_body_sise", "stack_gate_deadlin"]
    assert "Write maymessenger_body_size," in problems[0] and "Write stack_gate_deadline," in problems[1]


def test_a_variable_of_somebody_else_is_a_warning(controller: Controller) -> None:
    given = ["docker_users=deploy", "stak_path=/srv", "rarebooks_registry=r.example", "rarebooks_backend_image={{ rarebooks_registry }}/b"]
    assert controller.check(INI.format(on_the_line="", in_the_group="\n".join(given))) == []
    warnings = [line.partition("[WARNING]: ")[2] for line in controller.said.splitlines() if "[WARNING]" in line]
    assert [line.partition(": no role")[0] for line in warnings] == ["docker_users", "stak_path"]
    assert "stack_path is one that is" in controller.said


def test_what_a_run_of_all_roles_sets_is_known(controller: Controller) -> None:
    """They would be in the way of a second play in one run."""
    set_by_us = ["stack_lease", "stack_began", "stack_secrets_file", "certificates_packages", "docker_differs", "rarebooks_app"]
    assert controller.check("shop\n", *[part for name in set_by_us for part in ("-e", f"{name}=x")]) == []
    assert "[WARNING]" not in controller.said


def test_only_slips_of_the_named_ones(controller: Controller) -> None:
    typed = ["-e", "rollback_restore_databse=true", "-e", "stack_gate_deadlin=3", "-e", "docker_users=x"]
    (problem,) = controller.check("shop\n", *typed, only=["rollback_restore_database"])
    assert problem.startswith("rollback_restore_databse: ") and "[WARNING]" not in controller.said


def test_a_role_that_is_not_there_is_told_with_the_rest(controller: Controller) -> None:
    roles = ["rarebooks.platform.rarebok", "acme.none.notes", "rarebooks.platform.stack"]
    problems = controller.check("shop\n", "-e", "stack_pull=flase", roles=roles)
    assert "Role rarebooks.platform.rarebok was not found" in problems[0] and problems[0].endswith(
        "Apps are named by stack_apps; rarebooks.platform has compose_app, maymessenger, rarebooks. Write rarebooks."
    )
    assert "Role acme.none.notes was not found" in problems[1] and problems[1].endswith("Apps are named by stack_apps.")
    assert problems[2].endswith("Write stack_pull: true in a file, or -e stack_pull=true on a command line.")


def test_a_role_without_specs_has_nothing_to_check(controller: Controller) -> None:
    (controller.directory / "roles/notes/tasks").mkdir(parents=True)
    assert controller.check("shop\n", "-e", "notes_size=x", roles=["notes"]) == []


def test_the_documentation_and_the_action_name_the_same_options() -> None:
    documented = yaml.safe_load(variables.DOCUMENTATION)["options"]
    assert {name: (option["type"], option.get("required", False), option.get("default")) for name, option in documented.items()} == {
        name: (option["type"], option.get("required", False), option.get("default")) for name, option in ARGUMENTS.items()
    }


@pytest.mark.parametrize("place", ["group_vars/rarebooks", "group_vars/all", "host_vars/shop"])
def test_a_file_that_ansible_passes_over_is_refused_with_where_it_belongs(controller: Controller, place: str) -> None:
    """As somebody has it who follows a page that speaks of the directory, and began with the file."""
    (controller.directory / place).mkdir(parents=True)
    (controller.directory / f"{place}.yml").write_text("stack_backup_keep: 7\n")
    (controller.directory / place / "vault.yml").write_text("stack_language: ru\n")
    (problem,) = controller.check("[rarebooks]\nshop\n")
    assert problem == (
        f"{place}.yml: expected either this file or the directory {place}, got both, of which Ansible reads the directory alone. "
        f"Move it there: mv {place}.yml {place}/main.yml"
    )
    (controller.directory / place / "main.yml").write_text("")
    assert controller.check("[rarebooks]\nshop\n")[0].endswith("Move what it says into the files there, and remove it.")
    assert controller.check("[rarebooks]\nshop\n", only=["stack_backup_keep"]) == []
    assert f"[WARNING]: {place}.yml: expected either this file or" in controller.said
    (controller.directory / f"{place}.yml").unlink()
    assert controller.check("[rarebooks]\nshop\n") == []
