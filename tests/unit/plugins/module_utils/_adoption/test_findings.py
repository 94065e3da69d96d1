"""The classes of the report, each finding from facts that only it differs in."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._adoption import comparison, dangers, finding, losses
from ansible_collections.rarebooks.platform.plugins.module_utils._adoption.finding import BROKEN, DANGEROUS, DIFFERENT, UNDECIDED, Finding

EXPECTED = {"project": "shop", "path": "/root/shop", "network": "shop_net"}
CONTAINER: dict[str, Any] = {
    "name": "backend",
    "id": "1",
    "service": "backend",
    "wanted": True,
    "image": "backend:1",
    "wanted_image": "backend:1",
    "status": "running",
    "exit_code": 0,
    "restarts": 0,
    "restart_policy": "unless-stopped",
    "health": "healthy",
    "mounts": [{"type": "volume", "source": "shop_data", "destination": "/data", "writable": True}],
    "wanted_mounts": {"/data": "shop_data"},
    "networks": {"shop_net": ["backend"]},
    "ports": [],
    "environment": {"KEY": "same"},
    "lost": [],
    "published": [],
    "written": [],
}
PROXY = {
    **copy.deepcopy(CONTAINER),
    "name": "nginx",
    "service": "proxy",
    "mounts": [{"type": "bind", "source": "/root/shop/nginx", "destination": "/etc/nginx", "writable": False}],
    "ports": [{"address": "", "port": "80", "inner": "80/tcp"}],
    "environment": {},
}
CERTIFICATE = {
    "name": "shop.ru",
    "names": ["shop.ru"],
    "issuer": "CN=R11,O=Let's Encrypt,C=US",
    "expires": "2027-02-01",
    "days_left": 60,
    "own": False,
    "error": "",
    "renewed_by": "certbot (certbot.timer)",
    "obstacle": "",
}
FACTS: dict[str, Any] = {
    "project": "shop",
    "containers": [CONTAINER, PROXY],
    "foreign": [],
    "directories": [{"path": "/root/shop", "services": ["backend", "proxy"], "error": "", "new": [], "scripts": [], "backups": []}],
    "files": ["/root/shop/docker-compose.yml"],
    "changed_files": [],
    "volumes": ["shop_data"],
    "proxy": {
        "container": "nginx",
        "configuration": "server { listen 80 default_server; }",
        "loaded": True,
        "error": "",
        "newer": [],
        "detached": [],
        "mounted_file": "",
    },
    "certificates": [CERTIFICATE],
    "scheduled": [],
    "engine": {"version": "27", "compose_version": "2.30", "flags": [], "swarm": False},
    "libraries": {"docker": True, "requests": True},
    "setups": [],
}


def found(facts: dict[str, Any]) -> list[Finding]:
    return [
        *comparison.differences(facts, EXPECTED, ["backend", "nginx"]),
        *dangers.dangers(facts),
        *losses.find(facts),
        *dangers.breakages(facts),
    ]


def changed(change: Callable[[dict[str, Any]], Any]) -> list[Finding]:
    facts = copy.deepcopy(FACTS)
    change(facts)
    return found(facts)


def of_backend(**values: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda facts: facts["containers"][0].update(values)


def below(key: str, **values: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda facts: (facts[key][0] if isinstance(facts[key], list) else facts[key]).update(values)


def top(**values: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda facts: facts.update(values)


def test_a_server_that_is_as_a_deploy_makes_it_gives_no_cause() -> None:
    assert found(FACTS) == []


@pytest.mark.parametrize(
    ("change", "kind", "line"),
    [
        (of_backend(image="backend:0"), DIFFERENT, "backend: runs image backend:0, the release has backend:1."),
        (of_backend(health=""), DIFFERENT, "Without a health check, which the release has: backend."),
        (
            of_backend(restart_policy="no"),
            DIFFERENT,
            "backend: restart policy no; a deploy sets unless-stopped, without a restart.",
        ),
        (of_backend(networks={"net": []}, name="nginx2"), DIFFERENT, "Not there yet, and added by a deploy: backend. "),
        (top(project="other"), DIFFERENT, "stack_project: the server has other, the inventory shop."),
        (below("directories", path="/home/shop"), DIFFERENT, "stack_path: the project lies in /home/shop, the inventory says /root/shop."),
        (below("directories", scripts=["deploy_maymessenger.sh"]), DIFFERENT, "Scripts in /root/shop, which know nothing of deploys: "),
        (below("proxy", configuration="server {}"), DIFFERENT, "Host names that nobody knows are answered by the first site"),
        (below("proxy", mounted_file="/root/shop/nginx.conf"), DIFFERENT, "nginx has one mounted file, /root/shop/nginx.conf; "),
        (below("engine", swarm=True), DIFFERENT, "The engine is part of a Swarm"),
        (below("engine", flags=["--dns"]), DIFFERENT, "The engine is started with --dns; this stays."),
        (below("libraries", docker=False), DIFFERENT, "Packages that a deploy installs: python3-docker."),
        (
            top(scheduled=["/etc/crontab: docker compose restart"]),
            DIFFERENT,
            "By the clock or with the server, /etc/crontab: docker compose",
        ),
        (top(scheduled=["/etc/crontab: docker prune"]), DANGEROUS, "/etc/crontab: docker prune: removes what nothing runs"),
        (of_backend(ports=[{"address": "", "port": "5432", "inner": "5432/tcp"}]), DANGEROUS, "Port 5432 of backend is open to everyone"),
        (of_backend(published=["POSTGRES_PASSWORD"]), DANGEROUS, "POSTGRES_PASSWORD of backend holds what was printed in the public"),
        (below("certificates", days_left=20), DANGEROUS, "Certificate shop.ru ends in 20 days, on 2027-02-01."),
        (below("certificates", own=True), DANGEROUS, "Certificate shop.ru is signed by itself: no browser trusts it."),
        (below("certificates", renewed_by=""), DANGEROUS, "Certificate shop.ru is renewed by nobody"),
        (below("certificates", obstacle="why"), DANGEROUS, "Certificate shop.ru: its renewal fails behind the proxy, why."),
        (
            top(setups=[{"container": "backend", "address": "https://shop/status"}]),
            DANGEROUS,
            "backend: its first set-up is open to everyone, as https://shop/status says, so that whoever comes first may do it.",
        ),
        (
            top(setups=[{"container": "backend", "address": ""}]),
            DANGEROUS,
            "backend: its first set-up is open, though the proxy does not lead there: only whoever is on its network may do it.",
        ),
        (below("certificates", days_left=-1), BROKEN, "Certificate shop.ru has ended on 2027-02-01."),
        (below("certificates", error="no PEM"), BROKEN, "Certificate shop.ru cannot be read: no PEM"),
        (
            of_backend(status="restarting", restarts=17, exit_code=134),
            BROKEN,
            "backend crashes again and again: 17 restarts, exit code 134.",
        ),
        (of_backend(status="exited", exit_code=1), BROKEN, "backend does not run: exited, exit code 1."),
        (of_backend(health="unhealthy"), BROKEN, "backend is unhealthy by its own check."),
        (of_backend(restarts=5), BROKEN, "backend runs, after 5 restarts."),
        (below("proxy", error="host not found in upstream"), BROKEN, "nginx does not accept its files, and would not start again: host "),
        (below("proxy", container=""), BROKEN, "No container publishes the ports 80 and 443: nothing is served."),
        (below("proxy", detached=["/root/n.conf"], newer=["/root/n.conf"]), BROKEN, "/root/n.conf was replaced while it was mounted"),
        (below("proxy", newer=["/root/n.conf"]), BROKEN, "/root/n.conf was changed after nginx last read it"),
        (below("directories", new=["/root/shop/docker-compose.yml.new"]), BROKEN, "/root/shop/docker-compose.yml.new waits to be put in"),
        (below("directories", services=["proxy"]), BROKEN, "backend is an orphan: /root/shop/docker-compose.yml has no service backend"),
        (below("directories", error="yaml: line 2"), BROKEN, "Docker Compose does not accept /root/shop/docker-compose.yml: yaml: line 2"),
        (top(changed_files=["/root/shop/docker-compose.yml"]), BROKEN, "/root/shop/docker-compose.yml was changed after the containers"),
        (top(volumes=["shop_data", "shop_old"]), BROKEN, "Volume shop_old is mounted by no container; it stays as it is."),
        (
            of_backend(environment={"KEY": "changes"}, lost=["environment backend KEY"]),
            UNDECIDED,
            "environment backend KEY: another value in the release; give the one of today in the inventory",
        ),
        (
            of_backend(environment={"KEY": "changes"}, lost=["environment backend KEY"], variables={"KEY": "shop_key"}),
            UNDECIDED,
            "environment backend KEY: another value in the release; give the one of today in the inventory, as shop_key",
        ),
        (
            of_backend(environment={"KEY": "disappears"}, lost=["environment backend KEY"]),
            UNDECIDED,
            "environment backend KEY: not set by the release",
        ),
        (of_backend(lost=["volume shop_x"]), UNDECIDED, "volume shop_x: mounted today, and by nothing in the release"),
        (of_backend(lost=["mount backend /x"]), UNDECIDED, "mount backend /x: a directory or file of the server"),
        (
            of_backend(lost=["setting backend user"]),
            UNDECIDED,
            "setting backend user: in its Compose file, and not like",
        ),
        (of_backend(lost=["network backend monitoring"]), UNDECIDED, "network backend monitoring: joined today, and not by the release"),
        (of_backend(lost=["alias backend api"]), UNDECIDED, "alias backend api: a name by which others on the network find it"),
        (of_backend(lost=["command backend"]), UNDECIDED, "command backend: another one than the image's"),
        (of_backend(written=["/app/keys"]), UNDECIDED, "file backend /app/keys: written outside of volumes"),
        (of_backend(wanted=False), UNDECIDED, "container backend: goes on running, but no route leads to it any more"),
    ],
)
def test_what_is_other_than_it_should_be_is_found(change: Callable[[dict[str, Any]], Any], kind: str, line: str) -> None:
    assert [one for one in changed(change) if one.kind == kind and one.line.startswith(line)] != [], changed(change)


@pytest.mark.parametrize(
    "change",
    [
        of_backend(ports=[{"address": "127.0.0.1", "port": "5432", "inner": "5432/tcp"}]),
        of_backend(written=["/data/new"]),
        of_backend(wanted_mounts={"/data": "shop_data", "/app/appsettings.json": "x"}, written=["/app/appsettings.json"]),
    ],
)
def test_what_is_no_cause_is_not_found(change: Callable[[dict[str, Any]], Any]) -> None:
    assert changed(change) == []


def test_a_written_file_is_dangerous_and_undecided() -> None:
    kinds = [one.kind for one in changed(of_backend(written=["/app/keys"]))]
    assert kinds == [DANGEROUS, UNDECIDED]


LOST = [Finding(UNDECIDED, "nobody serves it", "site a.ru"), Finding(UNDECIDED, "nobody serves it", "site b.ru")]


def test_what_is_decided_is_no_longer_undecided() -> None:
    said = finding.decided(LOST, ["site  a.ru "])
    assert [(one.kind, one.id) for one in said] == [(DIFFERENT, ""), (UNDECIDED, "site b.ru")]
    assert said[0].text == "Let go by stack_let_go: site a.ru: nobody serves it"


def test_a_decision_about_nothing_is_told() -> None:
    said = finding.decided(LOST, ["site c.ru"])
    assert [one.id for one in finding.of(said, UNDECIDED)] == ["site a.ru", "site b.ru"]
    assert said[-1].text == "stack_let_go: site c.ru: nothing of this name would be lost. Take it out, or correct it."


def test_the_report_has_every_class() -> None:
    lines = finding.report(LOST)
    assert [line for line in lines if line[:1].isdigit()] == [
        "1. Taken over as it is",
        "2. Different from what a deploy makes",
        "3. Dangerous",
        "4. Lost unless decided",
        "5. Broken today",
    ]
    assert lines.count("- nothing") == 4 and "- site a.ru: nobody serves it" in lines


def test_what_stays_is_told_by_kind() -> None:
    facts = copy.deepcopy(FACTS)
    facts["foreign"] = [{"name": "blog", "project": "other", "networks": {"shop_net": ["blog"], "x": []}}]
    assert [one.text for one in comparison.kept(facts, {"db_password": "db"})] == [
        "Containers: backend, nginx",
        "Volumes: shop_data",
        "Networks: shop_net",
        "Secrets in force, from what runs to the server's own store: db_password from db",
        "Certificates: shop.ru (shop.ru) until 2027-02-01, renewed by certbot (certbot.timer)",
        "Other Compose projects, which nothing touches: other",
        "Other containers on the project's networks, by the names they answer to: blog (blog)",
    ]


def test_files_elsewhere_could_not_be_sealed(tmp_path: Path) -> None:
    (tmp_path / "docker-compose.yml").touch()
    facts = {"directories": [{"path": str(tmp_path)}]}
    [problem] = comparison.misplaced(facts, "/opt/rarebooks")
    assert problem.startswith(f"stack_path: expected {tmp_path}, where the files of the running project lie, got /opt/rarebooks.")
    assert comparison.misplaced(facts, str(tmp_path)) == []
    (tmp_path / "docker-compose.yml").unlink()
    assert comparison.misplaced(facts, "/opt/rarebooks") == []


def test_a_file_that_was_replaced_is_told_once() -> None:
    lines = [one.text for one in changed(below("proxy", detached=["/root/n.conf"], newer=["/root/n.conf"]))]
    assert len(lines) == 1
