"""The inventory of the evening: written by adopt.yml, and finished by its reader."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from by_hand import KEYS, PASSWORDS
from deployment import deploy
from operators import Deployer

# What only a person can say, as the comments at the end of the written file name it.
OPEN = "#   - environment maymessenger_backend Seed__AdminPhone # another value in the release; give the one of today in the inventory"
DECIDED = 'maymessenger_admin_phone: "+70000000001"\n'


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Have the inventory written, and decide about the one thing that it leaves open."""
    directory = tmp_path_factory.mktemp("evening") / "shop"
    report = directory.parent / "report.html"
    done = deploy({"adopt_report": str(report), "adopt_write_to": str(directory)}, playbook="adopt.yml")
    assert done.code == 0 and done.recap()["changed"] == 0 and report.exists(), done.output
    file = directory / "group_vars" / "rarebooks" / "main.yml"
    text = file.read_text()
    assert [line for line in text.splitlines() if line.startswith("#   - ")] == [OPEN]
    assert [secret for secret in [*PASSWORDS.values(), *KEYS.values()] if secret in text] == []
    file.write_text(text + DECIDED)
    return directory


@pytest.fixture(scope="session")
def adopting(deploying: Deployer, shop: Path) -> Deployer:
    """Return a function that deploys with that inventory."""
    return partial(deploying, inventory=shop)
