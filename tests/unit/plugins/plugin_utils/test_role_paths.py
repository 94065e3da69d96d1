"""A role is found as a play finds it."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.rarebooks.platform.plugins.plugin_utils._role_paths import role_directory

ROOT = Path(__file__).resolve().parents[4]


@pytest.mark.parametrize(
    ("role", "collections"),
    [("rarebooks.platform.stack", None), ("stack", ["acme.none", "rarebooks.platform"])],
    ids=["qualified", "by the collections of the play"],
)
def test_in_a_collection(role: str, collections: list[str] | None, tmp_path: Path) -> None:
    assert Path(role_directory(role, str(tmp_path), collections)).resolve() == ROOT / "roles/stack"


def test_a_collection_comes_before_what_lies_beside_the_playbook(tmp_path: Path) -> None:
    (tmp_path / "roles/stack").mkdir(parents=True)
    assert role_directory("stack", str(tmp_path), []) == str(tmp_path / "roles/stack")
    assert Path(role_directory("stack", str(tmp_path), ["rarebooks.platform"])).resolve() == ROOT / "roles/stack"


@pytest.mark.parametrize("role", ["rarebooks.platform.none", "acme.none.role", "none", "rarebooks..stack", "rarebooks.platform.stack.none"])
def test_what_is_nowhere_is_named(role: str, tmp_path: Path) -> None:
    with pytest.raises(AnsibleActionFail, match=f"Role {role} was not found on the controller"):
        role_directory(role, str(tmp_path), None)
