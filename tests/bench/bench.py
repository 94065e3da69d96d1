"""Measure deploys and rollbacks on a disposable server: prints a table, writes build/bench/result.json.

Every figure stands beside a reference of the same session, since machines differ: `ansible -m ping` over the same connection
(what one remote call costs), a bare `docker compose up --detach` of the same unchanged project (what Compose itself costs), and for a
rollback the same files copied back by hand and `docker compose up --detach` (what it costs without seal, gate and proof).
Nothing is asserted here; the targets are those of docs/design.md.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import more_apps
import snapshots

ROOT = Path(__file__).resolve().parents[2]
NAME = "bench"
HOST = f"rarebooks-{NAME}"
FOLDER = ROOT / "build" / NAME
RUNS = 3
APPS = 20
# The tasks in which a first deploy waits for others: package and image downloads, the image build, the apps' own start.
INSTALL = ("Install the packages", "Install the cryptography library", "Pull the images", "Reload Docker", "Restart Docker")
BUILD = ("Build the backends from their sources",)
BOOT = ("Make the release live",)
SEAL = ("Seal the live release",)
# Rows that make the messenger's database about so many MB.
MEGABYTES = 100
FILL = "CREATE TABLE bench AS SELECT n, md5(n::text) || md5((n * 7)::text) AS text FROM generate_series(1, 1000000) AS n"

ENVIRONMENT = os.environ | {
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
    "ANSIBLE_SSH_COMMON_ARGS": f"-F {FOLDER / 'ssh_config'}",
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_FORCE_COLOR": "0",
}


def run(*argv: str, environment: dict[str, str] | None = None) -> str:
    """Run a command and return its output; a failing one ends the bench with that output."""
    process = subprocess.run(
        argv, cwd=ROOT, env=ENVIRONMENT | (environment or {}), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if process.returncode != 0:
        sys.exit(f"{process.stdout}\n{' '.join(argv)} failed with {process.returncode}")
    return process.stdout


def tool(name: str, *arguments: str) -> str:
    return run(sys.executable, "-m", f"demo.{name}", *arguments)


def on_server(command: str, name: str = NAME) -> str:
    return run("ssh", "-F", str(ROOT / "build" / name / "ssh_config"), f"rarebooks-{name}", command)


def inventory() -> str:
    """Write the inventory: the demo's variables for a server of another name."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    group_vars = FOLDER / "group_vars"
    if not group_vars.is_symlink():
        group_vars.symlink_to(ROOT / "inventories" / "demo" / "group_vars")
    path = FOLDER / "hosts.yml"
    path.write_text(f"rarebooks:\n  hosts:\n    {HOST}:\n      ansible_user: root\n")
    return str(path)


def deploy(hosts: str, *arguments: str, environment: dict[str, str] | None = None) -> str:
    return run("ansible-playbook", "--inventory", hosts, "deploy.yml", *arguments, environment=environment)


def timed(action: Callable[[], object], runs: int = RUNS) -> float:
    """Return the median time of some runs in seconds."""
    times = []
    for _run in range(runs):
        started = time.monotonic()
        action()
        times.append(time.monotonic() - started)
    return statistics.median(times)


def task_times(folder: Path) -> dict[str, float]:
    """Return how long each task took, from the report of Ansible's junit callback."""
    times: dict[str, float] = {}
    for report in folder.glob("*.xml"):
        for case in ElementTree.parse(report).iter("testcase"):
            name = case.get("name", "")
            times[name] = times.get(name, 0) + float(case.get("time", 0))
    return times


def dissected(hosts: str, *arguments: str) -> tuple[float, Callable[[tuple[str, ...]], float]]:
    """Deploy; return how long it took, and a function that says how long of that the tasks of some names took."""
    reports = FOLDER / "junit"
    reports.mkdir(exist_ok=True)
    for old in reports.glob("*.xml"):
        old.unlink()
    started = time.monotonic()
    deploy(hosts, *arguments, environment={"ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.junit", "JUNIT_OUTPUT_DIR": str(reports)})
    total = time.monotonic() - started
    times = task_times(reports)
    return total, lambda parts: sum(seconds for name, seconds in times.items() if any(part in name for part in parts))


def first_deploy(hosts: str) -> dict[str, float]:
    """Deploy to the bare server; return what its time went into."""
    total, spent = dissected(hosts)
    parts = {"install": spent(INSTALL), "build": spent(BUILD), "boot": spent(BOOT)}
    return {"total": total, **parts, "overhead": total - sum(parts.values())}


def playbook(hosts: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a deploy that may fail, or run beside another one."""
    argv = ["ansible-playbook", "--inventory", hosts, "deploy.yml", *arguments]
    return subprocess.Popen(argv, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def variables(**given: object) -> tuple[str, str]:
    return "--extra-vars", json.dumps(given)


def release(number: int, **environment: str) -> dict[str, object]:
    """Return the variables of a release that differs from others in the messenger's environment and site."""
    extra = {"DEMO_VERSION": str(number), **environment}
    return {"maymessenger_extra_environment": extra, "maymessenger_body_size": f"{number}m"}


def another_source() -> str:
    """Write the messenger's source with a difference, so that another image is built."""
    directory = FOLDER / "source"
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(ROOT / "demo/apps/maymessenger", directory, ignore=shutil.ignore_patterns("__pycache__"))
    (directory / "src/MayMessenger.API/VERSION").write_text("bench")
    return str(directory)


def going_back(hosts: str) -> dict[str, float]:
    """Measure seal, dumps, rollback and automatic rollback."""
    figures = {}
    _total, spent = dissected(hosts, *variables(**release(70), stack_backup_databases="off"))
    figures["seal without dumps (task)"] = sealed = spent(SEAL)
    # The release before this one differs in image and configuration.
    _total, spent = dissected(hosts, *variables(**release(71), maymessenger_backend_source=another_source()))
    figures["seal with a proven dump of an empty database (task)"] = spent(SEAL)
    started = time.monotonic()
    run("ansible-playbook", "--inventory", hosts, "rollback.yml")
    figures["rollback of image and configuration"] = time.monotonic() - started
    identifier = on_server("ls /opt/rarebooks/backups | tail -n 1").strip()
    by_hand = f"cd /opt/rarebooks && cp -r backups/{identifier}/files/. . && docker compose up --detach --no-build"
    figures["reference: the same by hand"] = timed(lambda: on_server(by_hand), 1)
    first = playbook(hosts, *variables(**release(72)))
    on_server("until ls /run/rarebooks.platform/*.json; do sleep 0.05; done")
    started = time.monotonic()
    second = playbook(hosts)
    second.communicate()
    figures["refusal of a second run"] = time.monotonic() - started if second.returncode else -1
    first.communicate()
    output, _none = playbook(hosts, *variables(**release(73, DEMO_DIE_AT_START="3"))).communicate()
    proven = re.search(r"is back and was proven in ([0-9.]+) s", output)
    figures["failed gate to old release proven"] = float(proven.group(1)) if proven else -1
    on_server(f"docker exec db_maymessenger psql -U postgres -d maymessenger -c '{FILL}'")
    size = "docker exec db_maymessenger psql -U postgres -d maymessenger -Atc 'SELECT pg_database_size(current_database())'"
    _total, spent = dissected(hosts, *variables(**release(74)))
    figures[f"dump and proof per {MEGABYTES} MB of database"] = (spent(SEAL) - sealed) * MEGABYTES * 1e6 / float(on_server(size))
    return figures


def many_apps(hosts: str) -> dict[str, float]:
    """Deploy further apps; return what a run costs that changes nothing of so many."""
    collections = FOLDER / "collections"
    environment = {"ANSIBLE_COLLECTIONS_PATH": f"{ROOT / 'collections'}:{collections}"}
    arguments = variables(stack_apps=["rarebooks", "maymessenger", *more_apps.write(collections, APPS - 2)])
    deploy(hosts, *arguments, environment=environment)
    figures = {f"unchanged re-run of {APPS} apps": timed(lambda: deploy(hosts, *arguments, environment=environment))}
    return figures | calls_of(f"unchanged re-run of {APPS} apps", deploy(hosts, *arguments, "-vvv", environment=environment))


def calls_of(name: str, verbose: str) -> dict[str, float]:
    """Return how many calls a run made, and how many of its tasks changed anything, by its output with -vvv."""
    recap = re.search(r"changed=(\d+)", verbose)
    changed = int(recap.group(1)) if recap else -1
    return {f"{name}: remote module calls": verbose.count("Using module file"), f"{name}: changed tasks": changed}


def losing_the_server(hosts: str) -> dict[str, float]:
    """Return the figures of snapshots, of restoring the last one on a bare server, and of power cuts."""
    deploy(hosts, *variables(stack_offsite_repository=[snapshots.REPOSITORY]))
    figures: dict[str, float] = snapshots.measure(on_server)
    password = on_server("cat /etc/rarebooks.platform/offsite/password").strip()
    new = f"{NAME}-new"
    tool("server", "down", new)
    tool("server", "up", new)
    try:
        # As if the disk with the repository had been carried over.
        archive = f"tar -C / -c {snapshots.REPOSITORY[1:]}"
        pipe = f"ssh -F build/{NAME}/ssh_config {HOST} {archive} | ssh -F build/{new}/ssh_config rarebooks-{new} tar -C / -x"
        run("bash", "-c", f"set -o pipefail; {pipe}")
        given = {"stack_offsite_repository": [snapshots.REPOSITORY], "stack_offsite_password": password, "ansible_host": f"rarebooks-{new}"}
        connection = {"ANSIBLE_SSH_COMMON_ARGS": f"-F {ROOT / 'build' / new / 'ssh_config'}"}
        started = time.monotonic()
        run("ansible-playbook", "--inventory", hosts, "restore_server.yml", *variables(**given), environment=connection)
        figures["a bare server serves all of the last snapshot"] = time.monotonic() - started
    finally:
        tool("server", "down", new)
    return figures | power_cuts()


def power_cuts() -> dict[str, float]:
    """Return how many rows ten power cuts lose, at a row a second."""
    argv = [sys.executable, "-m", "pytest", "-q", "-s", "--import-mode=prepend", "-k", "power_cuts", "tests/integration/continuous"]
    said = run(*argv, environment={"CONTINUOUS_CUTS": "10"})
    found = re.search(r"rows lost by each power cut: \[(.*?)\]", said)
    lost = [int(one) for one in found.group(1).split(",")] if found else [-1]
    return {"rows lost by ten power cuts at a row a second, at most": max(lost), "of these cuts the median": statistics.median(lost)}


def started_at() -> str:
    return on_server("docker inspect --format '{{.Name}} {{.State.StartedAt}}' $(docker ps --quiet) | sort")


def measure(hosts: str) -> dict[str, float]:
    figures = {f"first deploy: {name}": seconds for name, seconds in first_deploy(hosts).items()}
    figures["reference: ansible -m ping"] = timed(lambda: run("ansible", "--inventory", hosts, "rarebooks", "-m", "ansible.builtin.ping"))
    figures["reference: docker compose up, unchanged"] = timed(lambda: on_server("cd /opt/rarebooks && docker compose up --detach"))
    before = started_at()
    figures["unchanged re-run"] = timed(lambda: deploy(hosts))
    figures |= calls_of("unchanged re-run", deploy(hosts, "-vvv"))
    after = started_at()
    figures["unchanged re-run: containers restarted"] = len(set(after.splitlines()) - set(before.splitlines()))
    sizes = iter(range(51, 51 + RUNS))
    figures["re-run with one changed template"] = timed(lambda: deploy(hosts, "--extra-vars", f"maymessenger_body_size={next(sizes)}m"))
    figures |= going_back(hosts)
    return figures | many_apps(hosts) | losing_the_server(hosts)


def main() -> None:
    tool("build_images")
    tool("registry", "up")
    tool("server", "down", NAME)
    tool("server", "up", NAME)
    try:
        figures = measure(inventory())
    finally:
        tool("server", "down", NAME)
    ping, compose = figures["reference: ansible -m ping"], figures["reference: docker compose up, unchanged"]
    print(f"{'':54}{'figure':>10}{'x ping':>10}{'x compose up':>14}")
    for name, value in figures.items():
        counted = name.endswith(("calls", "tasks", "restarted", "percent)", "most", "median"))
        ratios = "" if counted else f"{value / ping:10.1f}{value / compose:14.1f}"
        print(f"{name:54}{value:8.0f}  {ratios}" if counted else f"{name:54}{value:8.1f} s{ratios}")
    result = ROOT / "build" / "bench.json"
    result.write_text(json.dumps(figures, indent=2) + "\n")
    print(f"Written to {result.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
