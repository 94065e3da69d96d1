"""Back to the containers that were made by hand, and over them again: what the shop wrote outside of its volume is there all the time."""

from __future__ import annotations

import by_hand
import pytest
import server
from operators import Deployer

PLACE = f"{server.DIRECTORY}/files/rarebooks_backend/app/appsettings.json"


@pytest.fixture(scope="module", autouse=True)
def _gone_back(deploying: Deployer) -> None:
    """Go back, to a database that has the password that the containers made by hand know."""
    role = f"ALTER ROLE postgres PASSWORD '{by_hand.PASSWORDS['rarebooks_books_db_password']}'"
    server.run("docker", "exec", "rarebooks_books_db", "psql", "--quiet", "-U", "postgres", "-d", "RareBooks_Books", "-c", role)
    server.run("tee", PLACE, stdin='{"written": "by the release"}\n')
    variables = {"rollback_to": server.backups()[0], "rollback_confirm": True}
    assert deploying(variables, playbook="rollback.yml", given=by_hand.PASSWORDS.values()).code == 0


def test_the_container_has_what_the_release_wrote_last() -> None:
    assert server.run("docker", "exec", "rarebooks_backend", "cat", "/app/appsettings.json") == '{"written": "by the release"}\n'
    assert "/app/appsettings.json" not in server.run("docker", "inspect", "--format", "{{json .Mounts}}", "rarebooks_backend")


def test_what_it_writes_then_is_what_the_next_release_has(deploying: Deployer) -> None:
    server.run("docker", "exec", "rarebooks_backend", "sh", "-c", 'echo \'{"written": "by hand"}\' > /app/appsettings.json')
    assert deploying({"stack_take_over": True}, given=by_hand.PASSWORDS.values()).code == 0
    assert server.run("cat", PLACE) == '{"written": "by hand"}\n'
    assert server.run("docker", "exec", "rarebooks_backend", "cat", "/app/appsettings.json") == '{"written": "by hand"}\n'
