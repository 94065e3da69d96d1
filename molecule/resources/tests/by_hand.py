"""What the server has that was set up by hand (prepare.yml), and how a person types at it."""

from __future__ import annotations

import re
import subprocess

import server
from ansible_collections.rarebooks.platform.plugins.module_utils._base.published_secrets import is_published
from contract import DIRECTORY
from deployment import HOST, SSH_CONFIG

PASSWORDS = {
    "rarebooks_books_db_password": "books-made-by-hand",
    "rarebooks_users_db_password": "users-made-by-hand",
    "maymessenger_db_password": "messenger-made-by-hand",
}
INVITE_CODE = "INVITE-BY-HAND"
KEYS = {
    "rarebooks_jwt_key": "the-shops-key-made-by-hand-0123456789",
    "maymessenger_jwt_secret": "the-messengers-secret-made-by-hand-012345",
    "maymessenger_admin_password": "made-by-hand",
    "maymessenger_invite_code": INVITE_CODE,
}
# The old guide's password of databases. It stands nowhere in the repository, but is guessed at once.
PUBLISHED = next(guess for guess in map("postgres{}".format, range(1000)) if is_published(guess))
# In backquotes, as the message prints it.
CHANGE = re.compile(r"`(docker exec -it rarebooks_books_db [^`]+)`")


def certificates() -> str:
    return server.run("sh", "-c", "cat /etc/letsencrypt/live/*/fullchain.pem")


def containers() -> dict[str, str]:
    """Return the id of every container by its name."""
    lines = server.run("docker", "ps", "--all", "--no-trunc", "--format", "{{.Names}} {{.ID}}").splitlines()
    return dict(line.split() for line in lines)


def set_password(old: str, new: str) -> None:
    """Give the messenger's database another password, and let its container say that it had it from the beginning."""
    role = f"ALTER ROLE postgres PASSWORD '{new}'"
    server.run("docker", "exec", "db_maymessenger", "psql", "--quiet", "-U", "postgres", "-d", "maymessenger", "-c", role)
    server.shell(
        f"cd {DIRECTORY} && sed -i 's/POSTGRES_PASSWORD: {old}$/POSTGRES_PASSWORD: {new}/' docker-compose.yml && "
        "docker compose up --detach --no-deps db_maymessenger"
    )
    wait_for_database()


def wait_for_database() -> None:
    """Wait until the messenger's database takes logins."""
    ready = "docker exec db_maymessenger pg_isready --quiet -h 127.0.0.1"
    server.run("timeout", "60", "sh", "-c", f"until {ready}; do sleep 0.2; done")


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
