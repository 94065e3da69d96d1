"""Measure deploys on a disposable server: prints a table, writes build/bench/result.json.

Every figure stands beside a reference of the same session, since machines differ: `ansible -m ping` over the same connection
(what one remote call costs) and a bare `docker compose up --detach` of the same unchanged project (what Compose itself costs).
Nothing is asserted here; the targets are those of docs/design.md.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAME = "bench"
HOST = f"rarebooks-{NAME}"
FOLDER = ROOT / "build" / NAME
RUNS = 3
# The tasks in which a first deploy waits for others: package and image downloads, the image build, the apps' own start.
INSTALL = ("Install the packages", "Install the cryptography library", "Pull the images", "Reload Docker", "Restart Docker")
BUILD = ("Build the backends from their sources",)
BOOT = ("Start the containers", "Hold until")

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


def on_server(command: str) -> str:
    return run("ssh", "-F", str(FOLDER / "ssh_config"), HOST, command)


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


def first_deploy(hosts: str) -> dict[str, float]:
    """Deploy to the bare server; return what its time went into."""
    reports = FOLDER / "junit"
    reports.mkdir(exist_ok=True)
    for old in reports.glob("*.xml"):
        old.unlink()
    started = time.monotonic()
    deploy(hosts, environment={"ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.junit", "JUNIT_OUTPUT_DIR": str(reports)})
    total = time.monotonic() - started
    times = task_times(reports)

    def spent(parts: tuple[str, ...]) -> float:
        return sum(seconds for name, seconds in times.items() if any(part in name for part in parts))

    parts = {"install": spent(INSTALL), "build": spent(BUILD), "boot": spent(BOOT)}
    return {"total": total, **parts, "overhead": total - sum(parts.values())}


def started_at() -> str:
    return on_server("docker inspect --format '{{.Name}} {{.State.StartedAt}}' $(docker ps --quiet) | sort")


def measure(hosts: str) -> dict[str, float]:
    figures = {f"first deploy: {name}": seconds for name, seconds in first_deploy(hosts).items()}
    figures["reference: ansible -m ping"] = timed(lambda: run("ansible", "--inventory", hosts, "rarebooks", "-m", "ansible.builtin.ping"))
    figures["reference: docker compose up, unchanged"] = timed(lambda: on_server("cd /opt/rarebooks && docker compose up --detach"))
    before = started_at()
    figures["unchanged re-run"] = timed(lambda: deploy(hosts))
    verbose = deploy(hosts, "-vvv")
    figures["unchanged re-run: remote module calls"] = verbose.count("Using module file")
    recap = re.search(r"changed=(\d+)", verbose)
    figures["unchanged re-run: changed tasks"] = int(recap.group(1)) if recap else -1
    after = started_at()
    figures["unchanged re-run: containers restarted"] = len(set(after.splitlines()) - set(before.splitlines()))
    sizes = iter(range(51, 51 + RUNS))
    figures["re-run with one changed template"] = timed(lambda: deploy(hosts, "--extra-vars", f"maymessenger_body_size={next(sizes)}m"))
    return figures


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
    print(f"{'':42}{'figure':>10}{'x ping':>10}{'x compose up':>14}")
    for name, value in figures.items():
        counted = name.endswith(("calls", "tasks", "restarted"))
        ratios = "" if counted else f"{value / ping:10.1f}{value / compose:14.1f}"
        print(f"{name:42}{value:8.0f}  {ratios}" if counted else f"{name:42}{value:8.1f} s{ratios}")
    result = ROOT / "build" / "bench.json"
    result.write_text(json.dumps(figures, indent=2) + "\n")
    print(f"Written to {result.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
