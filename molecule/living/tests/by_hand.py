"""What the server has that was set up by hand (prepare.yml), and how a person types at it."""

from __future__ import annotations

import re
import subprocess

import server
from deployment import HOST, SSH_CONFIG

PASSWORDS = {
    "rarebooks_books_db_password": "books-made-by-hand",
    "rarebooks_users_db_password": "users-made-by-hand",
    "maymessenger_db_password": "messenger-made-by-hand",
}
INVITE_CODE = "INVITE-BY-HAND"
# In backquotes, as the message prints it.
CHANGE = re.compile(r"`(docker exec -it rarebooks_books_db [^`]+)`")


def certificates() -> str:
    return server.run("sh", "-c", "cat /etc/letsencrypt/live/*/fullchain.pem")


def containers() -> dict[str, str]:
    """Return the id of every container by its name."""
    lines = server.run("docker", "ps", "--all", "--no-trunc", "--format", "{{.Names}} {{.ID}}").splitlines()
    return dict(line.split() for line in lines)


def type_password(command: str, password: str) -> None:
    """Run a command as a person does, at a terminal, and answer what it asks."""
    ssh = ["ssh", "-tt", "-F", str(SSH_CONFIG), HOST, command]
    with subprocess.Popen(ssh, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as person:
        assert person.stdin and person.stdout
        for _time in range(2):
            # It drops what was typed before it asked.
            while person.stdout.read(1) not in (b":", b""):
                pass
            person.stdin.write(f"{password}\n".encode())
            person.stdin.flush()
        person.stdin.close()
        assert password.encode() not in person.stdout.read()
    assert person.returncode == 0
