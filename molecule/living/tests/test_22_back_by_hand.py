"""The way back to what was made by hand, of a file that is kept on the server since: the container gets it as the app wrote it last."""

from __future__ import annotations

from typing import Any

import pytest
import server
from operators import Deployer
from support import Web

CONTAINER, FILE = "rarebooks_backend", "/app/appsettings.json"
KEPT: dict[str, Any] = {"rarebooks_backend_kept_files": [FILE]}


def write(text: str) -> None:
    """Have the app write its file."""
    server.run("docker", "exec", "-i", CONTAINER, "sh", "-c", f"cat > {FILE}", stdin=text)


def content() -> str:
    return server.run("docker", "exec", CONTAINER, "cat", FILE)


def is_mounted() -> bool:
    return FILE in server.run("docker", "inspect", "--format", "{{range .Mounts}}{{.Destination}} {{end}}", CONTAINER).split()


@pytest.fixture(scope="module")
def written(deploying: Deployer) -> str:
    """A release that keeps the file, to which the app has written since."""
    write('{"written": "before"}')
    assert deploying(KEPT).code == 0
    assert is_mounted() and content() == '{"written": "before"}'
    write('{"written": "last"}')
    return content()


@pytest.fixture(scope="module")
def by_hand(written: str, deploying: Deployer) -> str:
    """Go back to what was sealed first, and return what that sealed in its turn."""
    adopted = server.backups()[0]
    done = deploying({"rollback_to": adopted, "rollback_confirm": True}, playbook="rollback.yml")
    assert done.code == 0 and f"{FILE} of {CONTAINER}: put into the container as " in done.output
    assert written
    return server.backups()[-1]


@pytest.mark.usefixtures("by_hand")
def test_the_container_made_by_hand_has_it_as_it_was_last(written: str, web: Web) -> None:
    assert not is_mounted() and content() == written
    assert web.shop_serves()


def test_and_so_has_the_release_that_comes_back(written: str, by_hand: str, deploying: Deployer) -> None:
    """What was written by hand meanwhile counts."""
    write('{"written": "by hand"}')
    assert deploying({"rollback_to": by_hand}, playbook="rollback.yml").code == 0
    assert is_mounted() and content() == '{"written": "by hand"}' != written
