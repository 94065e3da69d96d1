"""Commands in messages, as the operator at this terminal types them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible import constants as C
from ansible import context
from ansible.utils.context_objects import CLIArgs
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _commands

BACK = "ansible-playbook rollback.yml -e rollback_to=20260101_000000"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., str]:
    """Return a function that says how to go back, in a run that was started with these options in a checkout."""
    (tmp_path / "galaxy.yml").touch()
    (tmp_path / "rollback.yml").touch()
    (tmp_path / "package.yml").touch()
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)

    def say(text: str = BACK, args: tuple[str, ...] = ("deploy.yml",), inventory: tuple[str, ...] = (), **options: Any) -> str:
        given = tuple(source if "," in source else str(tmp_path / source) for source in inventory) or tuple(C.DEFAULT_HOST_LIST)
        monkeypatch.setattr(context, "CLIARGS", CLIArgs({"args": args, "inventory": given, **options}))
        return _commands.replaced(text)

    return say


@pytest.mark.parametrize(
    ("options", "command"),
    [
        ({}, "ansible-playbook rollback.yml"),
        ({"inventory": ("inventories/production",)}, "ansible-playbook -i inventories/production rollback.yml"),
        ({"inventory": ("a b", "shop,")}, "ansible-playbook -i 'a b' -i shop, rollback.yml"),
        ({"args": ("rarebooks.platform.deploy",)}, "ansible-playbook rarebooks.platform.rollback"),
        ({"args": ("mine/site.yml",)}, "ansible-playbook rarebooks.platform.rollback"),
        ({"args": ("./deploy.yml",)}, "ansible-playbook ./rollback.yml"),
        ({"subset": "shop"}, "ansible-playbook -l shop rollback.yml"),
        ({"remote_user": "admin", "private_key_file": "/k"}, "ansible-playbook -u admin --private-key /k rollback.yml"),
        ({"become_ask_pass": True, "ask_vault_pass": True}, "ansible-playbook -K -J rollback.yml"),
        ({"vault_ids": ("a@prompt",)}, "ansible-playbook --vault-id a@prompt rollback.yml"),
        (
            {"extra_vars": ("stack_path=/root/x rollback_to=1", "rarebooks_jwt_key=secret", "@/x.yml", '{"stack_path": "/y"}')},
            "ansible-playbook rollback.yml -e stack_path=/root/x",
        ),
    ],
)
def test_the_way_back(typed: Callable[..., str], options: dict[str, Any], command: str) -> None:
    assert typed(**options) == f"{command} -e rollback_to=20260101_000000"


def test_an_absolute_path_outside_stays_absolute(typed: Callable[..., str], tmp_path: Path) -> None:
    assert typed(inventory=("../elsewhere/hosts",)).startswith(f"ansible-playbook -i {tmp_path}/../elsewhere/hosts rollback.yml")


def test_a_playbook_for_this_machine_needs_no_inventory(typed: Callable[..., str]) -> None:
    assert typed("ansible-playbook package.yml -e x=1", inventory=("i",)) == "ansible-playbook package.yml -e x=1"


def test_only_commands_are_touched(typed: Callable[..., str]) -> None:
    text = "deploy.yml and ansible-playbook, and my-ansible-playbooks"
    assert typed(text, inventory=("i",)) == text


def test_the_sentence_with_a_command_is_a_line_of_its_own(typed: Callable[..., str]) -> None:
    typed(inventory=("i",))
    text = f"Backup 1.2: gone. Nothing was changed. If you want, run: {BACK}"
    assert _commands.as_called(text).splitlines() == [
        "Backup 1.2: gone. Nothing was changed. If you want, run:",
        "ansible-playbook -i i rollback.yml -e rollback_to=20260101_000000",
    ]
    assert _commands.as_called("One: two. Three.") == "One: two. Three."
    assert _commands.as_called("a: b. c\nd: ansible-playbook backups.yml").count("\n") == 1


def test_a_result_shows_no_message_from_before(typed: Callable[..., str]) -> None:
    typed(inventory=("i",))
    result = {"msg": f"No. Run {BACK}", "notes": [BACK], "failed": True, "exception": "No. Run it", "stdout": BACK}
    changed = _commands.in_result(result)
    assert "exception" not in changed and changed["failed"] and changed["stdout"] == BACK
    assert "-i i rollback.yml" in changed["msg"] and "-i i rollback.yml" in changed["notes"][0]
    assert _commands.in_result({"msg": "x", "exception": "y"}) == {"msg": "x", "exception": "y"}


@pytest.mark.parametrize(
    ("options", "command"),
    [
        ({}, "./controller/rarebooks rollback"),
        ({"inventory": ("a b",), "subset": "shop"}, "./controller/rarebooks rollback -i 'a b' -l shop"),
    ],
)
def test_of_a_run_in_a_container_as_its_program_was_called(
    typed: Callable[..., str], monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], command: str
) -> None:
    monkeypatch.setenv("RAREBOOKS_CALLED_AS", "./controller/rarebooks")
    assert typed(args=("rarebooks.platform.deploy",), **options) == f"{command} -e rollback_to=20260101_000000"
    monkeypatch.setenv("RAREBOOKS_CALLED_AS", r".\controller\rarebooks.ps1")
    assert typed().startswith(r".\controller\rarebooks.ps1 rollback -e ")
