"""A server of one kind for each file of tests, which says in KIND how it was made, and the inventory that is written of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import server
from by_hand import KEYS, PASSWORDS, certificates
from deployment import NAME, ROOT, deploy
from operators import Deployer
from support import Web

BY_HAND = "molecule/handmade/by_hand.yml"
CLASS = re.compile(r"(\d)\. ")


@pytest.fixture(scope="module", autouse=True)
def _made(request: pytest.FixtureRequest) -> None:
    """Begin with a new server: what another kind has left on it would be no part of this one."""
    for step in ("down", "up"):
        subprocess.run([sys.executable, "-m", "demo.server", step, NAME], cwd=ROOT, check=True)
    done = deploy({}, "-e", json.dumps(request.module.KIND), playbook=BY_HAND)
    assert done.code == 0, done.output


@pytest.fixture(scope="module")
def by_hand_ca(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a browser has to trust: here each certificate vouches for itself, before the adoption and after it."""
    path = tmp_path_factory.mktemp("by_hand") / "ca.pem"
    path.write_text(certificates())
    return str(path)


@pytest.fixture(scope="module")
def browser(by_hand_ca: str) -> Web:
    return Web(by_hand_ca)


@dataclass(frozen=True)
class Adoption:
    """What adopt.yml reported, by the numbers of its classes, and the inventory that it has written."""

    report: dict[int, list[str]]
    inventory: Path

    @property
    def file(self) -> Path:
        return self.inventory / "group_vars" / "rarebooks" / "main.yml"

    @property
    def text(self) -> str:
        return self.file.read_text()


def read_report(output: str) -> dict[int, list[str]]:
    """Return the lines of a report by their class."""
    found: dict[int, list[str]] = {}
    for line in map(str.strip, output.partition("Nothing has been changed.")[2].partition("The same with all")[0].splitlines()):
        if CLASS.match(line):
            found[int(line[0])] = []
        elif line:
            found[max(found)].append(line.removeprefix("- "))
    return found


def standing() -> dict[str, Any]:
    """Return the server's state, of containers without what changes by itself where one crashes again and again."""
    return {name: entry[:2] if name.startswith("container ") else entry for name, entry in server.state().items()}


def adopt(directory: Path) -> Adoption:
    """Have the server looked at and its inventory written, by the documented command; the server stays as it is."""
    before = standing()
    done = deploy({"adopt_report": str(directory / "report.html"), "adopt_write_to": str(directory / "shop")}, playbook="adopt.yml")
    assert done.code == 0 and done.recap()["changed"] == 0, done.output
    assert server.difference(before, standing()) == {}
    adoption = Adoption(read_report(done.output), directory / "shop")
    assert [secret for secret in [*PASSWORDS.values(), *KEYS.values()] if secret in adoption.text + done.output] == []
    return adoption


def decide(adoption: Adoption, let_go: Iterable[str]) -> None:
    """Do what a reader of the file does with what it leaves open: let it go."""
    lines = [line for line in adoption.text.splitlines() if not line.startswith("#   - ")]
    adoption.file.write_text("\n".join([*lines, *(f"  - {one}" for one in let_go), ""]).replace("\n# stack_let_go", "\nstack_let_go"))


def adopting(deploying: Deployer, adoption: Adoption) -> Deployer:
    """Return a function that deploys with the inventory that was written."""
    return partial(deploying, inventory=adoption.inventory)
