"""The server of this scenario: commands on it, and everything a deploy could have touched there."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from typing import Any

from contract import DIRECTORY
from deployment import HOST, SSH_CONFIG

SECRETS = f"{DIRECTORY}/.secrets.json"

# One connection for all commands, as long as there are some each minute: each key exchange costs more than most of them.
SSH = ["ssh", "-F", str(SSH_CONFIG), "-o", "ControlMaster=auto", "-o", "ControlPersist=60", "-o", f"ControlPath={SSH_CONFIG.parent}/tests"]

# Runs on the server. Of a directory the times are left out: a tree that is refused has been staged inside, and removed. The
# ledger is left out: it tells of refusals too.
STATE = r"""
import hashlib, json, os, subprocess, sys

def output(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout

state = {}
for top in (sys.argv[1], "/etc/letsencrypt", "/etc/docker", "/etc/apt", "/var/lib/dpkg/status"):
    paths = [top] + [os.path.join(folder, name) for folder, folders, files in os.walk(top) for name in folders + files
                     if name != "ledger.jsonl"]
    for path in paths:
        status = os.lstat(path)
        state[path] = [oct(status.st_mode), status.st_uid, status.st_gid, status.st_ino]
        if os.path.isfile(path):
            with open(path, "rb") as stream:
                state[path] += [status.st_mtime_ns, hashlib.sha256(stream.read()).hexdigest()]
for container in json.loads(output("docker", "inspect", *output("docker", "ps", "--all", "--quiet").split())):
    state["container " + container["Name"]] = [
        container["Id"], container["Image"], container["State"]["Status"], container["State"]["StartedAt"]]
for kind, what in (("image", "{{.ID}} {{.Repository}}:{{.Tag}}"), ("volume", "{{.Name}}"), ("network", "{{.ID}} {{.Name}}")):
    for line in output("docker", kind, "ls", "--format", what).splitlines():
        state[kind + " " + line] = True
print(json.dumps(state))
"""


def run(*argv: str, stdin: str = "") -> str:
    """Run a command on the server and return its output; a failure is an error."""
    done = subprocess.run([*SSH, HOST, shlex.join(argv)], input=stdin, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{shlex.join(argv)} on {HOST}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def shell(script: str) -> str:
    """Run a shell script on the server."""
    return run("sh", "-e", stdin=script)


def state() -> dict[str, Any]:
    """Return everything a deploy could touch, by name."""
    loaded: dict[str, Any] = json.loads(run("python3", "-", DIRECTORY, stdin=STATE))
    return loaded


# What a release is on a server: the files of its tree with mode and owner, and the image of each container that runs.
RELEASE = r"""
import hashlib, json, os, subprocess, sys

def output(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout

os.chdir(sys.argv[1])
release = {}
for path in sorted(json.load(open(".config_tree.json"))) + [".config_tree.json"]:
    status = os.lstat(path)
    release[path] = [oct(status.st_mode), status.st_uid, status.st_gid, hashlib.sha256(open(path, "rb").read()).hexdigest()]
for container in json.loads(output("docker", "inspect", *output("docker", "ps", "--all", "--quiet").split())):
    health = container["State"].get("Health", {}).get("Status")
    release["container " + container["Name"]] = [container["Image"], container["State"]["Status"], health]
print(json.dumps(release))
"""


def release() -> dict[str, Any]:
    """Return the release that is live, by the names of its files and containers."""
    loaded: dict[str, Any] = json.loads(run("python3", "-", DIRECTORY, stdin=RELEASE))
    return loaded


def release_containers() -> dict[str, list[str]]:
    """Return image, state and health of each container that runs, by name."""
    return {name.removeprefix("container /"): entry for name, entry in release().items() if name.startswith("container ")}


def ledger() -> list[dict[str, Any]]:
    """Return what the ledger says of every run."""
    return [json.loads(line) for line in run("cat", f"{DIRECTORY}/ledger.jsonl").splitlines()]


def backups() -> list[str]:
    """Return the ids of the backups, oldest first."""
    names = run("sh", "-c", f"ls {DIRECTORY}/backups 2>/dev/null || true").split()
    return sorted(name for name in names if re.fullmatch(r"\d{8}_\d{6}", name))


def difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return what is not the same in both."""
    return {
        name: (before.get(name), after.get(name)) for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)
    }


def secrets() -> set[str]:
    """Return the values that nobody may see; the administrator's phone number is a default that everybody knows."""
    loaded = json.loads(run("sh", "-c", f"cat {SECRETS} || echo {{}}"))
    return {value for name, value in loaded.items() if name != "maymessenger_admin_phone"}


def address() -> str:
    """Return the address at which the server's sites are reached from here."""
    return run("sh", "-c", "echo $SSH_CONNECTION").split()[2]
