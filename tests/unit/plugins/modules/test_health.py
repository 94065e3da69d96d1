# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module as Ansible calls it: arguments in, one JSON object out; only the engine is replaced."""

from __future__ import annotations

import functools
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.client import DockerUnavailable
from ansible_collections.rarebooks.platform.plugins.module_utils._health import reader
from ansible_collections.rarebooks.platform.plugins.module_utils._health import run as health_run
from ansible_collections.rarebooks.platform.plugins.module_utils._health.gate import run_gate
from ansible_collections.rarebooks.platform.plugins.modules import health
from tls_support import HOST, Authority, TlsServer, self_signed

LOG = """info: App[0]
      Connecting with Password=correct-horse\t
fail: App[0]
      Npgsql.PostgresException: 28P01: password authentication failed for user "may"
"""
MESSAGE = """\
The health gate gave up after 0.0 s of at most 580 s, because waiting cannot help maymessenger_backend: \
2 of 3 probes do not hold.

- container maymessenger_backend (1 attempt)
  expected: running, and healthy where it has a health check
  got:      exited, exit code 134
- http Messenger answers (0 attempts)
  expected: GET https://messenger.rare-books.test/health at 127.0.0.1 answers 200, JSON with {"status": "Healthy"}
  got:      not asked, since a container had failed

Container maymessenger_backend
  Likely cause: PostgreSQL refuses the password of user may: changing the password variable does not change the \
password inside an initialised volume (ALTER ROLE does).
  State: exited, exit code 134, health unhealthy, restarts 0
  Image: maymessenger_backend:1
  Its last health probe said:
    | connecting with ********
    | failed
  Its log ends with (4 lines):
    | info: App[0]
    |       Connecting with Password=********
    | fail: App[0]
    |       Npgsql.PostgresException: 28P01: password authentication failed for user "may"

To look further, on the server:
  docker logs --tail=200 maymessenger_backend"""


def container(status: str, health: str, **state: Any) -> dict[str, Any]:
    second = 1_000_000_000
    check = {"Test": ["CMD", "p"], "Interval": 30 * second, "Timeout": 10 * second, "Retries": 10, "StartPeriod": 180 * second}
    entry = {"Start": "2099-01-01T00:00:00Z", "ExitCode": 1, "Output": "connecting with correct-horse\nfailed\n"}
    return {
        "Id": f"id-{status}",
        "RestartCount": 0,
        "State": {"Status": status, "ExitCode": 0, "Health": {"Status": health, "Log": [entry]}, **state},
        "Config": {"Image": "maymessenger_backend:1", "Healthcheck": check},
    }


CONTAINERS = {
    "rarebooks_backend": container("running", "healthy"),
    "maymessenger_backend": container("exited", "unhealthy", ExitCode=134),
    "starting": container("running", "starting"),
}


class Engine:
    """Stands in for the reader, and for its class."""

    def __init__(self, timeout: int) -> None:
        assert timeout == 5

    def inspect(self, name: str) -> dict[str, Any] | None:
        return CONTAINERS.get(name)

    def logs(self, name: str, lines: int, since: float = 0) -> str:
        assert name != "rarebooks_backend", "the log of a healthy container was read"
        return "".join(LOG.splitlines(keepends=True)[-lines:])


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "DockerReader", Engine)


@pytest.fixture
def secrets(tmp_path: Path) -> str:
    file = tmp_path / "secrets.json"
    file.write_text(json.dumps({"maymessenger_db": "correct-horse"}))
    return str(file)


def run(capsys: pytest.CaptureFixture[str], check_mode: bool = False, **arguments: Any) -> dict[str, Any]:
    with patch_module_args({**arguments, "_ansible_check_mode": check_mode}), pytest.raises(SystemExit):
        health.main()
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    result.pop("invocation", None)
    return result


def test_of_a_long_log_a_person_reads_its_end(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Engine, "logs", lambda _self, _name, lines, **_rest: "".join(f"line {number}\n" for number in range(lines)))
    result = run(capsys, containers=["maymessenger_backend"], deadline=5)
    shown = [line for line in result["msg"].splitlines() if line.startswith("    | line")]
    assert shown == [f"    | line {number}" for number in range(30, 50)] and "  Its log ends with (20 lines):" in result["msg"]
    assert len(result["containers"][0]["logs"]) == 50


def test_all_hold(capsys: pytest.CaptureFixture[str]) -> None:
    result = run(capsys, containers=["rarebooks_backend"])
    assert not result.get("failed") and result["changed"] is False
    assert result["msg"].startswith("1 of 1 probes hold after ")
    assert result["deadline"] == 180.0
    assert result["containers"] == [
        {
            "name": "rarebooks_backend",
            "state": "running",
            "health": "healthy",
            "exit_code": 0,
            "oom_killed": False,
            "restarts": 0,
            "image": "maymessenger_backend:1",
            "cause": "",
            "probe_output": "",
            "logs": [],
        }
    ]


def test_the_whole_message_of_a_dead_container(capsys: pytest.CaptureFixture[str], secrets: str) -> None:
    http = {"name": "Messenger answers", "url": "https://messenger.rare-books.test/health", "json": {"status": "Healthy"}}
    result = run(capsys, containers=["rarebooks_backend", "maymessenger_backend"], http=[http], secrets_file=secrets)
    assert result["failed"] and result["failed_fast"] and result["changed"] is False
    assert result["msg"] == MESSAGE
    assert "correct-horse" not in json.dumps(result)
    assert [(probe["name"], probe["kind"], probe["ok"], probe["attempts"]) for probe in result["probes"]] == [
        ("rarebooks_backend", "container", True, 1),
        ("maymessenger_backend", "container", False, 1),
        ("Messenger answers", "http", False, 0),
    ]
    dead = result["containers"][1]
    assert (dead["state"], dead["exit_code"], dead["probe_output"]) == ("exited", 134, "connecting with ********\nfailed")


def test_a_missing_container(capsys: pytest.CaptureFixture[str]) -> None:
    result = run(capsys, containers=["starting", "missing"])
    assert "cannot help missing: 2 of 2 probes do not hold." in result["msg"]
    assert "  docker ps --all" in result["msg"]


def test_the_deadline_passes(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    without_waiting = functools.partial(run_gate, clock=lambda: sum(slept), sleep=slept.append)
    monkeypatch.setattr(health_run, "run_gate", without_waiting)
    result = run(capsys, containers=["starting"], deadline=20, interval=8, log_lines=1)
    assert slept == [8, 8, 4]
    assert result["failed"] and not result["failed_fast"] and result["elapsed"] == 20.0
    assert result["msg"].startswith("The health gate did not open within its deadline of 20 s: 1 of 1 probes do not")
    assert "running, health starting" in result["msg"]
    assert len(result["containers"][0]["logs"]) == 1


def test_a_certificate_that_soon_expires_is_a_warning(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    warned: list[str] = []
    monkeypatch.setattr(health.AnsibleModule, "warn", lambda _module, text: warned.append(text))
    authority = Authority(tmp_path, "trusted")
    with TlsServer(authority.issue(HOST)) as server:
        result = run(
            capsys,
            tls=[{"host": HOST, "port": server.port, "warn_days": 100}, {"host": HOST, "port": server.port}],
            ca_file=str(authority.file),
        )
    assert not result.get("failed") and result["msg"].startswith("2 of 2 probes hold after ")
    assert [(probe["name"], probe["kind"], probe["ok"]) for probe in result["probes"]] == 2 * [(f"{HOST}:{server.port}", "tls", True)]
    assert [(item["host"], item["issuer"], item["days_left"]) for item in result["certificates"]] == 2 * [(HOST, "trusted", 89.9)]
    in_certificate = yaml.safe_load(health.RETURN)["certificates"]["contains"]
    assert {frozenset(item) for item in result["certificates"]} == {frozenset(in_certificate)}
    (text,) = result["expiring"]
    assert warned == [text] and f"for {HOST} " in text and "has 89.9 days left, " in text


def test_a_wrong_certificate_ends_the_gate(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    warned: list[str] = []
    monkeypatch.setattr(health.AnsibleModule, "warn", lambda _module, text: warned.append(text))
    placeholder = self_signed(tmp_path, HOST)
    with TlsServer(placeholder) as server:
        tls = {"host": HOST, "port": server.port, "fail_days": 100}
        distrusted = run(capsys, tls=[tls])
        expiring = run(capsys, tls=[tls], trusted=[str(placeholder)])
    assert distrusted["failed"] and distrusted["failed_fast"] and distrusted["certificates"] == distrusted["expiring"] == []
    assert f"- tls {HOST}:{server.port} (1 attempt)\n  expected: TLS for {HOST} at 127.0.0.1 port" in distrusted["msg"]
    assert f"  openssl s_client -connect 127.0.0.1:{server.port} -servername {HOST}" in distrusted["msg"]
    assert expiring["failed"] and len(expiring["certificates"]) == 1
    assert expiring["expiring"] == warned == []  # 89.9 days are fewer than fail_days, but not than warn_days
    assert f"  got:      the certificate shown for {HOST} (serial " in expiring["msg"]


def test_sites_trust_the_same_files(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The server speaks no HTTP, and says so only to who trusts it."""
    placeholder = self_signed(tmp_path, HOST)
    with TlsServer(placeholder) as server:
        arguments: dict[str, Any] = {"http": [{"url": f"https://{HOST}:{server.port}/"}], "deadline": 1, "interval": 1}
        assert "is not trusted" in run(capsys, **arguments)["msg"]
        assert "  got:      no answer from 127.0.0.1" in run(capsys, trusted=[str(placeholder)], **arguments)["msg"]


def test_the_keys_are_always_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    results = [
        run(capsys, check_mode, containers=[name])
        for check_mode in (False, True)
        for name in ("rarebooks_backend", "maymessenger_backend", "missing")
    ]
    documented = {"changed", *yaml.safe_load(health.RETURN)}
    assert {frozenset(result.keys() - {"failed"}) for result in results} == {frozenset(documented)}
    in_container = yaml.safe_load(health.RETURN)["containers"]["contains"]
    assert {frozenset(result["containers"][0]) for result in results} == {frozenset(in_container)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "containers, http and tls are all empty: a gate without a probe would always open"),
        ({"http": [{"url": "www.rare-books.test"}]}, "expected a URL like https://host"),
        ({"http": [{"url": "https://x/"}], "ca_file": "/nonexistent/ca.pem"}, "ca_file: expected PEM certificates in"),
        ({"http": [{"url": "https://x/", "insecure": True}]}, "Unsupported parameters"),
        ({"tls": [{"host": "https://x/"}]}, "tls: expected host to be a server name like www.example.org"),
        ({"tls": [{"host": "x"}], "trusted": ["/nonexistent.pem"]}, "trusted: expected PEM certificates in /nonexistent.pem"),
    ],
)
def test_what_can_never_work_is_refused(capsys: pytest.CaptureFixture[str], arguments: dict[str, Any], message: str) -> None:
    result = run(capsys, **arguments)
    assert result["failed"] and message in result["msg"]


def test_an_engine_that_does_not_answer(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable(_self: Engine, _name: str) -> None:
        raise DockerUnavailable("connection aborted")

    monkeypatch.setattr(Engine, "inspect", unavailable)
    result = run(capsys, containers=["rarebooks_backend"])
    assert "Docker Engine does not answer on the server: connection aborted." in result["msg"]


@pytest.mark.parametrize(
    ("library", "arguments", "package"),
    [
        ("docker", {"containers": ["rarebooks_backend"]}, "python3-docker"),
        ("requests", {"http": [{"url": "https://x/"}]}, "python3-requests"),
        ("cryptography", {"tls": [{"host": "x"}]}, "python3-cryptography"),
    ],
)
def test_a_missing_library_names_its_package(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, library: str, arguments: Any, package: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    result = run(capsys, **arguments)
    assert result["failed"] and package in result["msg"]


def test_arguments_and_documentation_agree() -> None:
    def compare(spec: dict[str, Any], documented: dict[str, Any]) -> None:
        assert spec.keys() == documented.keys()
        for name, option in spec.items():
            for key in ("type", "elements", "default", "choices", "required"):
                assert option.get(key) == documented[name].get(key), (name, key)
            compare(option.get("options", {}), documented[name].get("suboptions", {}))

    compare(health.ARGUMENT_SPEC, yaml.safe_load(health.DOCUMENTATION)["options"])
