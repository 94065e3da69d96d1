# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is said of a host's certificate that is served as it lies on disk."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.live import Installed, Pair, placeholder
from ansible_collections.rarebooks.platform.plugins.module_utils._health.gate import OK
from ansible_collections.rarebooks.platform.plugins.module_utils._verify import certificates
from certificates import pair

HOST = "a.example.org"


@pytest.mark.parametrize(
    ("served", "level", "told"),
    [
        (pair(HOST), "passed", "is served with the certificate on disk"),
        (pair(HOST, left=20.05), "warning", "the certificate has 20 days left"),
        (pair(HOST, left=6.05), "failed", "the certificate has 6 days left"),
        # It has days left too, and they say nothing of why nobody trusts it.
        (placeholder([HOST]), "failed", "is served with a placeholder, which no browser trusts"),
    ],
    ids=["long", "warning", "ending", "placeholder"],
)
def test_what_matters_most_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, served: Pair, level: str, told: str) -> None:
    installed = Installed("site", str(tmp_path / "live"))
    installed.put(served)
    monkeypatch.setattr(certificates, "Installed", lambda _name: installed)
    trusted = SimpleNamespace(context=None, ca_file=None, chains=())
    monkeypatch.setattr(certificates, "trusting", lambda _release: trusted)
    monkeypatch.setattr(certificates, "asked", lambda _probe: OK)
    server: Any = SimpleNamespace(release=SimpleNamespace(https_port=443), settings=SimpleNamespace(warn_days=21, fail_days=7, timeout=1))
    found = certificates.of_host(server, HOST, "site", ordered=False)
    assert (found.level, found.subject) == (level, HOST)
    assert found.said()["text"].startswith(told)
