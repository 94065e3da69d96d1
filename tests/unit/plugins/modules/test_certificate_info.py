"""What is told of certificates, and what their probes have to prove."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jinja2
import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.records import Record, Records
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.renewers import Renewer
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.settings import Settings
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.live import Installed, placeholder
from ansible_collections.rarebooks.platform.plugins.modules import certificate_info
from certificates import Authority, pair
from lineages import settings, write

TEMPLATE = Path(__file__).resolve().parents[4] / "playbooks/templates/certificates.txt.j2"

SHOP = {"name": "shop", "containers": [], "certificate": "shop", "server_names": ["a.example.org"]}


@pytest.fixture(autouse=True)
def systemctl(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer as systemd does of a timer that it does not know: not every machine that runs tests has systemd."""
    program = tmp_path_factory.mktemp("bin") / "systemctl"
    program.write_text("#!/bin/sh\nprintf 'ActiveState=inactive\nUnitFileState=\n'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)


def info(where: Settings, capsys: pytest.CaptureFixture[str], **options: int) -> dict[str, Any]:
    arguments = {"path": where.stack_path, "letsencrypt_path": where.path, "live": where.live, **options}
    with patch_module_args(arguments), pytest.raises(SystemExit):
        certificate_info.main()
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def served(where: Settings, **release: Any) -> None:
    Path(where.stack_path).mkdir()
    Path(where.stack_path, "release.json").write_text(json.dumps(release))


def test_each_certificate_is_told_with_its_renewal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where, shop = settings(tmp_path), pair("a.example.org", left=60)
    served(where, apps=[SHOP], https_port=8443, certificates_on_disk=True)
    write(where, "shop", shop)
    Path(where.path, "settings.json").write_text(json.dumps({"path": where.path, "ca_file": "/ca.pem", "warn_days": 30}))
    Records(where).write("shop", Record(tried="2026-11-24T08:00:00Z", result="failed", error="no\nroute"))
    for name, one in (("shop", shop), ("new", placeholder(["b.example.org"])), ("own", pair("c.example.org", days=8, left=8))):
        Installed(name, where.live).put(one)
    Path(where.live, "junk").mkdir()
    Path(where.live, "junk/fullchain.pem").write_text("nothing")
    found = info(where, capsys)
    by_name = {one["name"]: one for one in found["certificates"]}
    assert {name: one["source"] for name, one in by_name.items()} == {"shop": "letsencrypt", "new": "placeholder", "own": "provided"}
    assert [by_name["shop"][key] for key in ("hosts", "issuer", "days_left")] == [["a.example.org"], "Test authority", 59.9]
    assert by_name["shop"]["renewal"]["error"] == "no route"
    assert by_name["own"]["renewal"] == {}
    assert found["probes"] == [
        {
            "host": "a.example.org",
            "port": 8443,
            "certificate": f"{where.live}/shop/fullchain.pem",
            "warn_days": 22,
            "fail_days": 7,
        }
    ]
    assert (found["ca_file"], found["trusted"], found["settings"]["ca_file"]) == ("/ca.pem", [], "/ca.pem")
    assert [text for text in found["unreadable"] if "junk/fullchain.pem" in text]


def test_nobody_else_would_trust_what_staging_issues(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = settings(tmp_path)
    served(where, apps=[SHOP])
    Path(where.path).mkdir()
    Path(where.path, "settings.json").write_text(json.dumps({"path": where.path, "untrusted": True}))
    Installed("shop", where.live).put(pair("a.example.org"))
    assert info(where, capsys)["trusted"] == [f"{where.live}/shop/fullchain.pem"]


def test_a_server_with_a_local_ca(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = settings(tmp_path)
    served(where, apps=[], ca_file="/opt/ca.pem")
    found = info(where, capsys)
    assert (found["ca_file"], found["settings"], found["certificates"], found["probes"]) == ("/opt/ca.pem", {}, [], [])


def shown(found: dict[str, Any]) -> str:
    """Return what the playbook certificates shows."""
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, autoescape=False)
    return environment.from_string(TEMPLATE.read_text()).render(__certificates=found)


@pytest.mark.parametrize(
    ("left", "state", "line"),
    [
        (-1, "expired", "    EXPIRED:      browsers refuse the sites that are served with it\n"),
        (1, "fail", "    FAILURE:      it ends in 0.9 days\n"),
        (20, "warn", "    WARNING:      it ends in 19.9 days\n"),
        (22, "ok", ""),
    ],
)
@pytest.mark.parametrize("life", [2, 10, 90])
def test_days_left_of_what_somebody_has_to_renew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], left: int, state: str, line: str, life: int
) -> None:
    """Also of one with a short life: nothing else renews it."""
    where = settings(tmp_path)
    served(where, apps=[SHOP])
    own = pair("a.example.org", days=max(life, left), left=left)
    Installed("shop", where.live).put(own)
    found = info(where, capsys)
    (one,), (probe,) = found["certificates"], found["probes"]
    assert (one["source"], one["state"], probe["warn_days"], probe["fail_days"]) == ("provided", state, 21, 7)
    text = shown(found)
    assert line in text
    assert [word for word in ("EXPIRED", "FAILURE", "WARNING") if word in text] == [word for word in [line.strip().split(":")[0]] if word]
    end = own.leaf.not_after.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert f"next renewal: by you: put new files in the places that certificates_provided names, and run deploy.yml before {end}\n" in text


def test_the_operators_limits_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = settings(tmp_path)
    served(where, apps=[SHOP])
    Installed("shop", where.live).put(pair("a.example.org", left=50))
    found = info(where, capsys, warn_days=60, fail_days=30)
    assert (found["certificates"][0]["state"], found["probes"][0]["warn_days"], found["probes"][0]["fail_days"]) == ("warn", 60, 30)


def test_a_deploy_issues_those_of_the_local_ca(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where, root = settings(tmp_path), Authority.root()
    (tmp_path / "ca.pem").write_bytes(root.pem)
    served(where, apps=[SHOP], ca_file=str(tmp_path / "ca.pem"))
    Installed("shop", where.live).put(root.issue("a.example.org", left=90))
    Installed("old", where.live).put(root.issue("b.example.org", left=90))
    found = info(where, capsys)
    assert [one["source"] for one in found["certificates"]] == ["selfsigned", "selfsigned"]
    text = shown(found)
    assert f"next renewal: by the first deploy.yml from {found['certificates'][1]['reissue']} on; run it before" in text
    assert "next renewal: none: no site is served with it" in text


def test_others_renew_what_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    class Renewers:
        def __init__(self, _run_command: Any) -> None:
            pass

        def of(self, _name: str) -> Renewer:
            return Renewer("certbot", "certbot.timer", "standalone", "it has to listen on port 80 itself, which the proxy holds")

    monkeypatch.setattr(certificate_info, "Renewers", Renewers)
    where = settings(tmp_path)
    served(where, apps=[SHOP], certificates_existing=True)
    Installed("shop", where.live).put(pair("a.example.org", left=20))
    found = info(where, capsys)
    (one,) = found["certificates"]
    assert (one["source"], one["state"], one["renewal"]) == ("existing", "warn", {})
    lines = [line.strip() for line in shown(found).splitlines()]
    assert "WARNING:      it ends in 19.9 days" in lines
    assert (
        "next renewal: by certbot with the authenticator standalone, started by certbot.timer; the timer has nginx read it, next never: it "
        "is not active"
    ) in lines
    assert [line for line in lines if line.startswith("WARNING:      Certificate shop: expected a renewal that succeeds behind this proxy")]
