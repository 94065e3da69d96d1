"""The end of the demo: fetch what a person needs from the server and say where everything is.

Usage: python -m demo.report DEPLOY_LOG
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import yaml

from demo.common import BUILD, ROOT, Failure, run
from demo.server import write_private

FOLDER = BUILD / "demo"
CA = FOLDER / "ca.pem"
CREDENTIALS = FOLDER / "credentials.yml"
SITES = (("RareBooks", "www.rare-books.ru", "/"), ("May Messenger", "messenger.rare-books.ru", "/health"))
RECAP = re.compile(r"^rarebooks-demo\s*:.*\bchanged=(\d+)", re.MULTILINE)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def changes(log: str) -> int:
    """Return how many tasks changed something, from the recap of the play."""
    recap = RECAP.search(COLOUR.sub("", log))
    if recap is None:
        raise Failure("The play has no recap for rarebooks-demo, so nothing is known of what it did")
    return int(recap.group(1))


def read_from_server(path: str) -> bytes:
    """Read a file of the server."""
    ssh = ["ssh", "-F", str(FOLDER / "ssh_config"), "rarebooks-demo"]
    answer = subprocess.run([*ssh, "cat", path], capture_output=True)  # noqa: S603
    if answer.returncode != 0:
        raise Failure(f"The server does not give {path}: {answer.stderr.decode(errors='replace').strip()}")
    return answer.stdout


def credentials(secrets: dict[str, str]) -> bytes:
    """Return the generated secrets as a file for a person."""
    head = "# Generated on the server rarebooks-demo by its first deploy; they live and die with it.\n"
    return (head + yaml.safe_dump(secrets, sort_keys=True)).encode()


def summary(changed: int, ca: str, credentials_file: str) -> str:
    """Return what a person reads at the end."""
    lines = ["Nothing to change: the server is as described." if changed == 0 else "Both apps are deployed and serve.", ""]
    for title, host, path in SITES:
        resolve = f"--resolve {host}:8443:127.0.0.1"
        lines += [f"{title}: https://{host}:8443{path}", f"  curl --cacert {ca} {resolve} https://{host}:8443{path}", ""]
    lines += [
        f"Root certificate to trust:  {ca}",
        f"Generated credentials:      {credentials_file}",
        "Shell on the server:        ssh -F build/demo/ssh_config rarebooks-demo",
        "Deploy again:               make demo",
        "Remove it:                  make demo-down",
        "",
        "Log in to the messenger as its administrator: maymessenger_admin_phone and maymessenger_admin_password of that file,",
        f"POSTed as phoneNumber and password to https://{SITES[1][1]}:8443/api/auth/login.",
    ]
    return "\n".join(lines)


def main() -> None:
    changed = changes(Path(sys.argv[1]).read_text())
    CA.write_bytes(read_from_server("/opt/rarebooks/ca/ca.pem"))
    write_private(CREDENTIALS, credentials(json.loads(read_from_server("/opt/rarebooks/.secrets.json"))))
    print(summary(changed, str(CA.relative_to(ROOT)), str(CREDENTIALS.relative_to(ROOT))))


if __name__ == "__main__":
    run(main)
