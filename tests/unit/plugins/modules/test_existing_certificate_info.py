"""What a deploy is told of certificates that others renew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.renewers import Renewer
from ansible_collections.rarebooks.platform.plugins.modules import existing_certificate_info

KNOWN = {"shop": Renewer("certbot", "certbot.timer", "webroot")}


def test_problems_are_told_and_renewals_that_nobody_does_are_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Renewers:
        def __init__(self, _run_command: Any) -> None:
            pass

        def of(self, name: str) -> Renewer:
            return KNOWN.get(name, Renewer())

    monkeypatch.setattr(existing_certificate_info.renewers, "Renewers", Renewers)
    warnings: list[str] = []
    monkeypatch.setattr(existing_certificate_info.AnsibleModule, "warn", lambda _module, text: warnings.append(text))
    certificates = [{"name": name, "names": [f"{name}.example.org"]} for name in ("shop", "chat")]
    with patch_module_args({"certificates": certificates, "live": str(tmp_path)}), pytest.raises(SystemExit):
        existing_certificate_info.main()
    found = json.loads(capsys.readouterr().out)
    assert found["renewers"] == {"shop": "certbot with the authenticator webroot, started by certbot.timer", "chat": "nobody known"}
    assert [text.split(":")[0] for text in found["problems"]] == ["Certificate shop", "Certificate chat"]
    (warning,) = warnings
    assert "Certificate chat: expected somebody who renews it" in warning
    assert found["changed"] is False and "failed" not in found
