"""The store and what is in it, as the server's own restic and the store's disk show it."""

from __future__ import annotations

import json
import shlex
import subprocess
from typing import Any

import server
from deployment import HOST, NAME, ROOT
from support import wait_until

SETTINGS = "/etc/rarebooks.platform/offsite/settings.json"
STATE = "/var/lib/rarebooks.platform/offsite/state.json"
SERVICE = "rarebooks-offsite.service"
STORE = f"{HOST}-store"
LOCATION = f"sftp:keeper@{STORE}:/srv/keeper/snapshots"
DATA = "/srv/keeper/snapshots/data"
PROGRAM = "ansible_collections.rarebooks.platform.plugins.module_utils._offsite"
# As the programs ask: in Python, on the server.
ASK = f"""
import json, sys
sys.path.insert(0, "/opt/rarebooks/.offsite")
from {PROGRAM} import settings
from {PROGRAM}.repository import Repository, access_of
wanted = settings.load()
one = Repository(wanted.repositories[0], access_of(wanted))
"""


def shell(script: str) -> str:
    """Run a shell script on the store."""
    ssh = ["ssh", "-F", str(ROOT / "build" / f"{NAME}-store" / "ssh_config"), STORE, "sh -e"]
    return subprocess.run(ssh, input=script, check=True, capture_output=True, text=True).stdout


def known() -> dict[str, Any]:
    """Return what the server knows of its repository."""
    found: dict[str, Any] = json.loads(server.run("sh", "-c", f"cat {STATE} 2>/dev/null || echo '{{}}'"))
    one: dict[str, Any] = found.get("repositories", {}).get(LOCATION, {})
    return one


def ask(code: str) -> str:
    """Run Python that knows the repository as one, on the server."""
    return server.run("python3", "-", stdin=ASK + code)


def snapshots() -> list[dict[str, Any]]:
    """Return the snapshots of data, oldest first."""
    listed: list[dict[str, Any]] = json.loads(ask("print(json.dumps([dict(id=s.id, tags=s.tags) for s in one.snapshots('rarebooks')]))"))
    return listed


def psql(sql: str) -> str:
    """Run SQL in the messenger's database."""
    command = ["docker", "exec", "-i", "db_maymessenger", "sh", "-c", 'psql -qAt -U "$POSTGRES_USER" -d "$POSTGRES_DB"']
    return server.run(*command, stdin=sql).strip()


def manifest(snapshot: str) -> dict[str, Any]:
    """Return the manifest of the backup in a snapshot."""
    found: dict[str, Any] = json.loads(ask(f"print(one.read({snapshot!r}, wanted.staging + '/backup/manifest.json').decode())"))
    return found


def service() -> str:
    """Return what systemd says of the program that makes snapshots."""
    return server.run("sh", "-c", f"systemctl is-active {SERVICE} || true").strip()


def wait_for_snapshot() -> None:
    """Wait for the end of the snapshot that is being made, if one is."""
    wait_until(lambda: service() not in ("activating", "deactivating"), "the snapshot to end", seconds=300)


def snapshot() -> int:
    """Have a snapshot made as the timer does, and return the exit code."""
    wait_for_snapshot()
    script = f"systemctl reset-failed {SERVICE} 2>/dev/null; systemctl start {SERVICE}; echo $?"
    return int(server.run("sh", "-c", script).split()[-1])


def change_settings(**changes: Any) -> None:
    """Change what the programs are told, as a deploy would."""
    found = {**json.loads(server.run("cat", SETTINGS)), **changes}
    server.run("sh", "-c", f"cat > {SETTINGS}", stdin=json.dumps(found))


def sha256(path: str) -> str:
    return server.run("sha256sum", path).split()[0]


def sha256_in(identifier: str, path: str) -> str:
    """Return the SHA-256 of a file in a snapshot."""
    return ask(f"import hashlib\nprint(hashlib.sha256(one.read({identifier!r}, {path!r})).hexdigest())").strip()


def quoted(text: str) -> str:
    return shlex.quote(text)
