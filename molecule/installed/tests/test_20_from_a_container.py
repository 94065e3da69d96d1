"""The program with which people deploy from a container, in their own shell: keys, inventory and printed commands."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable

import pytest
import server
from deployment import HOST, NAME, ROOT, Deploy

from demo.common import NETWORK
from demo.controller import IMAGE
from demo.server import directory

PROGRAM = ROOT / "controller/rarebooks"
KEPT = "/opt/rarebooks/nginx/sites/maymessenger.conf"
Shell = Callable[..., Deploy]


@pytest.fixture(scope="module")
def typing(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """Return a function that types a line into a shell of the old Russian Windows encoding, in a directory with an inventory."""
    home, here = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("here")
    (home / ".ssh").mkdir()
    key = home / ".ssh/id_ed25519"
    shutil.copy(directory(NAME) / "id_ed25519", key)
    key.chmod(0o644)  # As a key lies on a disk of Windows.
    _address, _blank, known = (directory(NAME) / "known_hosts").read_text().partition(" ")
    (home / ".ssh/known_hosts").write_text(f"{HOST} {known}")
    shutil.copytree(ROOT / "molecule/installed/operator/inventory", here / "inventories/production")
    shutil.copytree(ROOT / "demo/apps/maymessenger", here / "may_messenger_backend", ignore=shutil.ignore_patterns("__pycache__"))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LC_ALL": "ru_RU.CP1251",
        "RAREBOOKS_IMAGE": IMAGE.tag,
        # The server is one of this machine's containers.
        "RAREBOOKS_DOCKER_OPTIONS": f"--network {NETWORK}",
    }

    def run(line: str, code: int = 0) -> Deploy:
        command = line.replace("rarebooks", str(PROGRAM), 1) if line.startswith("rarebooks") else line
        done = subprocess.run(["sh", "-c", command], cwd=here, env=environment, capture_output=True, text=True, check=False)
        print(done.stdout, done.stderr)
        assert done.returncode == code
        assert [value for value in server.secrets() if value in done.stdout + done.stderr] == []
        return Deploy(done.returncode, done.stdout)

    return run


@pytest.fixture(scope="module")
def packed(typing: Shell) -> None:
    """The messenger's archive, where the inventory expects it."""
    done = typing("rarebooks package -e package_source=may_messenger_backend -e package_archive=inventories/may_messenger_backend.zip")
    assert "/servers/inventories/may_messenger_backend.zip" in done.output


@pytest.mark.parametrize("word", ["", "deplo"])
def test_what_there_is_to_do(typing: Shell, word: str) -> None:
    listed = typing(f"rarebooks {word}", code=2).output
    assert re.search(r"^  deploy +Bring the apps to the server", listed, re.MULTILINE)
    assert len(listed.splitlines()) == 1 + len(list((ROOT / "playbooks").glob("*.yml")))


@pytest.mark.usefixtures("packed")
def test_deployed_and_back_by_the_line_that_it_prints(typing: Shell) -> None:
    unchanged = typing("rarebooks deploy")
    assert unchanged.recap("shop")["changed"] == 0 and "\033" not in unchanged.output
    before = server.run("cat", KEPT)
    done = typing("rarebooks deploy -e maymessenger_body_size=43m")
    assert "43m" in server.run("cat", KEPT)
    (printed,) = re.findall(r"^    To go back: (.*)$", done.output, re.MULTILINE)
    assert printed.startswith(f"{PROGRAM} rollback -e rollback_to=")
    typing(printed)
    assert server.run("cat", KEPT) == before
    by = server.ledger()[-1]["by"]
    assert by == f"{subprocess.run(['id', '-un'], capture_output=True, text=True, check=True).stdout.strip()}@{os.uname().nodename}"


# What its page shows, and how it ends on this server, whose set-up nobody has finished.
PAGE = {"rarebooks": 2, "rarebooks deploy --check --diff": 0, "rarebooks deploy": 0, "rarebooks verify": 2}
# Made by demo/controller.py where a build reaches no package index; with somebody at a terminal; and with another address (below).
NOT_TYPED = ["rarebooks build", "rarebooks ansible-vault edit", "rarebooks ssh root@"]


@pytest.mark.usefixtures("packed")
def test_the_commands_of_its_page(typing: Shell) -> None:
    shown = re.findall(r"^controller/(rarebooks.*?)(?:  +#.*)?$", (ROOT / "controller/README.md").read_text(), re.MULTILINE)
    assert [line for line in shown if line not in PAGE and not line.startswith(tuple(NOT_TYPED))] == []
    for line in [one for one in shown if one in PAGE]:
        typing(line, code=PAGE[line])


def test_other_programs(typing: Shell) -> None:
    assert typing(f"rarebooks ssh root@{HOST} hostname").output == f"{HOST}\n"
    assert typing("rarebooks ansible-vault --version").output.startswith("ansible-vault [core 2.21.")
