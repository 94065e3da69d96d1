"""What installs Python packages brings what Ansible's module for it needs on the server: on a small one nothing else does."""

from __future__ import annotations

from pathlib import Path

ROLES = Path(__file__).resolve().parents[2] / "roles"


def test_what_installs_by_pip_installs_what_that_needs_first() -> None:
    texts = {path: path.read_text() for path in ROLES.glob("*/tasks/*.yml")}
    found = {path: text.partition("ansible.builtin.pip:")[0] for path, text in texts.items() if "ansible.builtin.pip:" in text}
    assert found
    for path, before in found.items():
        assert "python3-packaging" in before, path
