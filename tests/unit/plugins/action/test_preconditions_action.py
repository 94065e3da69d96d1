"""The gate before a deploy: everything that is wrong in one answer, read from the server and the controller's files."""

from __future__ import annotations

import copy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.rarebooks.platform.plugins.action.preconditions import ARGUMENTS, ActionModule
from ansible_collections.rarebooks.platform.plugins.module_utils._source.local import inspect_source
from ansible_collections.rarebooks.platform.plugins.modules import preconditions
from certificates import pair

SERVER = {
    "os": {"id": "debian", "version": "13"},
    "disk_free": 9000,
    "engine_disk": {"path": "/var/lib/docker", "free": 9000},
    "memory": 2000,
    "deployed": False,
    "engine": {
        "package": "docker.io",
        "version": "26.1.5",
        "unit": True,
        "flags": [],
        "swarm": False,
        "running": 0,
        "context": "default",
    },
    "docker_library": {"version": "7.1.0", "path": "/usr/lib/python3/dist-packages/docker", "error": ""},
    "published": {},
    "listeners": {},
    "daemon_config": "",
    "volumes": [],
    "containers": [],
    "lost_data": [],
    "names": {"chat.example.org": ["192.0.2.1"]},
    "addresses": ["192.0.2.1"],
}
APP = {
    "name": "chat",
    "title": "Chat",
    "server_names": ["chat.example.org"],
    "certificate": "chat.example.org",
    "containers": ["chat_db"],
    "databases": [{"container": "chat_db", "name": "chat", "user": "chat", "volume": "db_data"}],
    "volumes": ["db_data"],
    "images": [],
    "secrets": [{"name": "chat_db_password", "value": ""}],
    "probes": [],
}


class Controller(ActionModule):
    """The action without a connection, which it must never ask for."""

    def __init__(self, directory: Path) -> None:
        loader = DataLoader()
        loader.set_basedir(str(directory))
        self._loader = loader
        self._task = SimpleNamespace(args={}, check_mode=False, diff=False, async_val=0)
        self._connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
        self._load_name = "preconditions"
        self.server, self.app = copy.deepcopy(SERVER), copy.deepcopy(APP)

    def validate(self, **options: Any) -> dict[str, Any]:
        common = {"server": self.server, "apps": [self.app], "project": "ours", "path": "/opt/x", "systems": {"debian": ["13"]}}
        self._task.args = {**common, **options}
        result: dict[str, Any] = self.run()
        assert "problems" not in result, "a failed task would show each of them a second time"
        return {**result, "problems": result.get("msg", "").split("\n- ")[1:]}

    def source(self, path: Path, **options: Any) -> None:
        limits = {"max_entries": 10, "max_size": 1000, "max_ratio": 10}
        named = {"dest": "chat", "image": "chat"}
        self.app["source"] = {"src": str(path), "checksum": "", "required": ["Dockerfile"], **named, **limits, **options}


@pytest.fixture
def action(tmp_path: Path) -> Controller:
    return Controller(tmp_path)


def test_a_server_in_order(action: Controller) -> None:
    assert action.validate() == {"changed": False, "problems": [], "sources": {}, "warnings": []}


def test_everything_that_is_wrong_is_one_answer(action: Controller, tmp_path: Path) -> None:
    action.server.update(
        os={"id": "debian", "version": "9"},
        disk_free=1,
        memory=1,
        deployed=True,
        engine={**action.server["engine"], "version": "", "context": "rootless"},
        docker_library={"version": "5.0.3", "path": "/usr/local/lib", "error": "InvalidURL"},
        listeners={"443": "apache2 (pid 5)"},
        published={"80": {"container": "web", "project": "theirs"}},
        daemon_config="{",
        volumes=["theirs_db_data"],
    )
    action.app.update(
        one_of={"chat_image": "", "chat_source": ""},
        server_names=["chat.example.org", "chat.example.org", "localhost"],
        secrets=[{"name": "chat_db_password", "value": "tiny"}],
        databases=[{"container": "chat_db", "name": "chat", "user": "postgres", "volume": "db_data"}],
    )
    action.source(tmp_path / "nothing.zip")
    result = action.validate(provided_certificates={})
    beginnings = [
        "Operating system:", "Disk:", "Memory:", "Docker:", "Port 80:", "Port 443:", "/etc/docker/daemon.json:",
        "Docker: expected root's current context", "Python library docker:", "Chat: expected exactly one", "chat_server_names:",
        "Server name chat.example.org:", "chat_db_password:", "Volumes:", "Certificate chat.example.org:",
        "Chat backend source: ",
    ]  # fmt: skip
    assert [problem.startswith(beginning) for problem, beginning in zip(result["problems"], beginnings, strict=True)] == [True] * 16
    assert result["failed"] and not result["changed"]
    assert result["msg"].startswith("Nothing has been changed. Before a deploy can start:\n- Operating system:")


def test_a_name_that_leads_elsewhere_is_only_a_warning(action: Controller) -> None:
    action.server["names"] = {}
    result = action.validate()
    assert result["problems"] == [] and "failed" not in result
    (warning,) = result["warnings"]
    assert warning.startswith("chat.example.org resolves to nothing")


def test_the_thresholds_and_ports_are_options(action: Controller) -> None:
    action.server.update(disk_free=10, memory=10, listeners={"80": "apache2 (pid 5)", "8080": "caddy (pid 6)"})
    assert action.validate(min_disk=10, min_memory=10, ports=[81])["problems"] == []
    (problem,) = action.validate(min_disk=10, min_memory=10, ports=[8080])["problems"]
    assert problem.startswith("Port 8080: expected it free, got caddy")


def test_containers_of_others_with_names_of_ours(action: Controller) -> None:
    common = {"project": "", "service": "", "status": "running"}
    action.server["containers"] = [
        {"name": "nginx_container", "aliases": {}, **common},
        {"name": "copy", "aliases": {"net": ["chat_db"]}, **common},
    ]
    problems = action.validate(proxy_containers=["nginx_container"], network="net")["problems"]
    assert [problem.split(":")[0] for problem in problems] == ["Container nginx_container", "Container copy of no Compose project"]


def test_lost_data_can_be_accepted(action: Controller) -> None:
    lost = {"volume": "ours_db_data", "state": "missing", "database": "", "container": "", "backup": "", "others": []}
    action.server["lost_data"] = [lost]
    assert action.validate(allow_empty_volumes=True)["problems"] == []
    (problem,) = action.validate()["problems"]
    assert problem.startswith("Volume ours_db_data: expected the files that the last proven release had")


def test_flags_meet_the_options_that_the_engine_is_to_have(action: Controller) -> None:
    action.server["engine"]["flags"] = ["--log-opt", "--dns"]
    (problem,) = action.validate()["problems"]
    assert problem.startswith("Docker: expected the option log-opts in daemon.json alone")
    assert len(action.validate(daemon_options={"dns": ["9.9.9.9"]})["problems"]) == 2
    action.server["daemon_config"] = '{"log-driver": "syslog"}'
    assert action.validate()["problems"] == []


def test_foreign_volumes_can_be_allowed(action: Controller) -> None:
    action.server["volumes"] = ["theirs_db_data"]
    assert len(action.validate()["problems"]) == 1
    assert action.validate(allow_foreign_volumes=True)["problems"] == []


def test_existing_certificates_that_cannot_be_served(action: Controller) -> None:
    found = {"changed": False, "problems": ["Certificate chat.example.org: expected it to cover chat.example.org, got no names."]}
    assert action.validate(existing_certificates=found)["problems"] == found["problems"]
    assert action.validate(existing_certificates={"changed": False, "problems": []})["problems"] == []


@pytest.mark.parametrize("provided", [{}, {"chat.example.org": {"certificate": "chain.pem"}}, {"other": {}}])
def test_certificates_that_are_not_given(action: Controller, provided: dict[str, Any]) -> None:
    assert action.validate(provided_certificates=provided)["problems"] == [
        "Certificate chat.example.org: expected certificate and key in certificates_provided, got none."
    ]


def test_certificate_files_that_are_not_there(action: Controller, tmp_path: Path) -> None:
    files = {"certificate": str(tmp_path / "c.pem"), "key": str(tmp_path / "k.pem")}
    (problem,) = action.validate(provided_certificates={"chat.example.org": files})["problems"]
    assert f"expected the file {tmp_path}/c.pem, got: No such file or directory" in problem


@pytest.mark.parametrize("known", [True, False])
def test_certificate_files_that_ansible_vault_has_encrypted(action: Controller, tmp_path: Path, known: bool) -> None:
    secret, sound = VaultSecret(b"the vault's password"), pair("chat.example.org")
    files = {"certificate": str(tmp_path / "c.pem"), "key": str(tmp_path / "k.pem")}
    Path(files["certificate"]).write_bytes(sound.chain)
    Path(files["key"]).write_bytes(VaultLib().encrypt(sound.key, secret))
    action._loader.set_vault_secrets([("default", secret)] if known else [])
    problems = action.validate(provided_certificates={"chat.example.org": files})["problems"]
    if known:
        assert problems == []
    else:
        (problem,) = problems
        assert problem.startswith("Certificate chat.example.org: expected files that can be decrypted, got one that ansible-vault has enc")
        assert problem.endswith("Run again with --vault-password-file or --ask-vault-pass.")


def test_an_encrypted_bundle_of_authorities(action: Controller, tmp_path: Path) -> None:
    secret, bundle = VaultSecret(b"the vault's password"), tmp_path / "bundle.pem"
    action._loader.set_vault_secrets([("default", secret)])
    options = {
        "declared": [],
        "directory": "https://ca.example.org/dir",
        "staging": False,
        "ca_bundle": str(bundle),
        "dns_plugin": "rfc2136",
        "dns_credentials": "",
    }
    bundle.write_bytes(VaultLib().encrypt(pair("ca.example.org").chain, secret))
    assert action.validate(letsencrypt=options)["problems"] == []
    bundle.write_bytes(VaultLib().encrypt(b"nothing", secret))
    assert action.validate(letsencrypt=options)["problems"] == [f"certificates_ca_bundle: expected PEM certificates in {bundle}, got none."]


def test_networks_of_balancers(action: Controller) -> None:
    (problem,) = action.validate(trusted_proxies=["10.0.0.0/8", "10.0.0.1/8"])["problems"]
    assert "got '10.0.0.1/8'" in problem


def test_a_host_of_an_app_that_was_adopted_too(action: Controller) -> None:
    (problem,) = action.validate(adopted_sites="server { server_name chat.example.org; }")["problems"]
    assert "got chat.example.org, which is in chat_server_names" in problem


def test_a_source_in_order_and_one_that_is_not(action: Controller, tmp_path: Path) -> None:
    directory = tmp_path / "source"
    directory.mkdir()
    (directory / "Dockerfile").write_text("FROM scratch\n")
    action.source(directory)
    result = action.validate()
    assert result["problems"] == [] and result["sources"] == {"chat": inspect_source(str(directory), required=[]).digest}
    action.source(directory, required=["Dockerfile", "src/"])
    (problem,) = action.validate()["problems"]
    assert problem.startswith(f"Chat backend source: {directory}: required paths are missing: src/.")
    action.source(directory, max_size=1)
    assert len(action.validate()["problems"]) == 1


def test_what_is_in_the_way_of_a_source_on_the_server(action: Controller, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    action.source(tmp_path, dest="Chat/backend")
    places = {"/opt/x/Chat/backend": {"digest": "", "interrupted": False, "error": "dest is in use"}}
    (problem,) = action.validate(server={**action.server, "sources": places})["problems"]
    assert problem == "Chat backend source: dest is in use"


def test_scripts_of_windows_in_a_source_are_only_a_warning(action: Controller, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "entrypoint.sh").write_bytes(b"#!/bin/sh\r\nexec app\r\n")
    action.source(tmp_path)
    result = action.validate()
    assert result["problems"] == [] and "failed" not in result
    (warning,) = result["warnings"]
    assert warning.startswith(f"Chat backend source {tmp_path}: expected scripts with line ends of Unix")


def test_no_secret_is_in_the_result(action: Controller) -> None:
    action.app["secrets"] = [{"name": "a", "value": "t1ny"}, {"name": "b", "value": "bad\tcharacter and more"}]
    text = str(action.validate())
    assert "a: expected at least 12" in text and "b: expected one line" in text
    assert "t1ny" not in text and "bad\tcharacter" not in text and repr("bad\tcharacter")[1:-1] not in text


def test_what_is_wrong_with_descriptions_is_told_beside_what_is_wrong_with_the_server(action: Controller) -> None:
    action.server["memory"] = 1
    del action.app["volumes"]
    action.app["database"] = action.app.pop("databases")
    assert [problem.partition(", got")[0] for problem in action.validate(letsencrypt={"declared": []})["problems"]] == [
        "apps[0]: expected the keys of an app (app description 1)",
        "apps[0]: expected volumes in it, a list of texts",
        "Memory: expected at least 900 MiB",
    ]


def test_the_documentation_and_the_action_name_the_same_options() -> None:
    documented = yaml.safe_load(preconditions.DOCUMENTATION)["options"]
    assert {name: (option["type"], option.get("required", False), option.get("default")) for name, option in documented.items()} == {
        name: (option["type"], option.get("required", False), option.get("default")) for name, option in ARGUMENTS.items()
    }
