"""Verifying a server that has nothing: said as that, and not as the libraries that it has not either."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.rarebooks.platform.plugins.module_utils._base import libraries
from ansible_collections.rarebooks.platform.plugins.modules import verification_info

LACKING = libraries.Library("no_such_library_anywhere", "python3-docker")


@pytest.mark.parametrize(
    ("deployed", "told"), [(False, "nothing is deployed here yet. Deploy first: ansible-playbook deploy.yml"), (True, "python3-docker")]
)
def test_a_bare_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], deployed: bool, told: str
) -> None:
    monkeypatch.setattr(libraries, "DOCKER", LACKING)
    if deployed:
        (tmp_path / "docker-compose.yml").write_text("services: {}\n")
    with patch_module_args({"path": str(tmp_path), "project": "shop", "secrets_file": "/none"}), pytest.raises(SystemExit):
        verification_info.main()
    message = json.loads(capsys.readouterr().out)["msg"]
    assert told in message and ("nothing is deployed" in message) is not deployed
