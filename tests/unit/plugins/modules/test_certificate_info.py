"""What is told of certificates, and what their probes have to prove."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot_records import Record, Records
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot_settings import Settings
from ansible_collections.rarebooks.platform.plugins.module_utils._certificate_live import Installed, placeholder
from ansible_collections.rarebooks.platform.plugins.modules import certificate_info
from certificates import pair
from lineages import settings, write


def info(where: Settings, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    arguments = {"path": where.stack_path, "letsencrypt_path": where.path, "live": where.live}
    with patch_module_args(arguments), pytest.raises(SystemExit):
        certificate_info.main()
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def served(where: Settings, **release: Any) -> None:
    Path(where.stack_path).mkdir()
    Path(where.stack_path, "release.json").write_text(json.dumps(release))


def test_each_certificate_is_told_with_its_renewal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where, shop = settings(tmp_path), pair("a.example.org", left=60)
    served(where, apps=[{"certificate": "shop", "server_names": ["a.example.org"]}], https_port=8443, certificates_on_disk=True)
    write(where, "shop", shop)
    Path(where.path, "settings.json").write_text(json.dumps({"path": where.path, "ca_file": "/ca.pem", "warn_days": 30}))
    Records(where.path).write("shop", Record(tried="2026-11-24T08:00:00Z", result="failed", error="no\nroute"))
    for name, one in (("shop", shop), ("new", placeholder(["b.example.org"])), ("own", pair("c.example.org", days=8, left=8))):
        Installed(name, where.live).put(one)
    Path(where.live, "junk").mkdir()
    Path(where.live, "junk/fullchain.pem").write_text("nothing")
    found = info(where, capsys)
    by_name = {one["name"]: one for one in found["certificates"]}
    assert {name: one["source"] for name, one in by_name.items()} == {"shop": "letsencrypt", "new": "placeholder", "own": "files"}
    assert [by_name["shop"][key] for key in ("hosts", "issuer", "days_left")] == [["a.example.org"], "Test authority", 60.0]
    assert by_name["shop"]["renewal"]["error"] == "no route"
    assert by_name["own"]["renewal"] == {}
    assert found["probes"] == [{
        "host": "a.example.org", "port": 8443, "certificate": f"{where.live}/shop/fullchain.pem", "warn_days": 22, "fail_days": 7,
    }]
    assert (found["ca_file"], found["trusted"], found["settings"]["ca_file"]) == ("/ca.pem", [], "/ca.pem")
    assert [text for text in found["unreadable"] if "junk/fullchain.pem" in text]


def test_nobody_else_would_trust_what_staging_issues(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = settings(tmp_path)
    served(where, apps=[{"certificate": "shop", "server_names": ["a.example.org"]}])
    Path(where.path).mkdir()
    Path(where.path, "settings.json").write_text(json.dumps({"path": where.path, "untrusted": True}))
    Installed("shop", where.live).put(pair("a.example.org"))
    assert info(where, capsys)["trusted"] == [f"{where.live}/shop/fullchain.pem"]


def test_a_server_with_a_local_ca(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = settings(tmp_path)
    served(where, apps=[], ca_file="/opt/ca.pem")
    found = info(where, capsys)
    assert (found["ca_file"], found["settings"], found["certificates"], found["probes"]) == ("/opt/ca.pem", {}, [], [])
