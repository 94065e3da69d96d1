"""The inventory of the evening: written by adopt.yml."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from by_hand import KEYS, PASSWORDS
from deployment import deploy
from operators import Deployer

# Read off its nginx and its containers, where the roles have variables for it.
READ = [
    'maymessenger_admin_phone: "+70000000001"',
    "maymessenger_redirects:\n  /uploads/audio/: /audio/",
    "maymessenger_rewrites:\n  /messenger/setup/: /api/messenger/setup/",
    "maymessenger_hub_timeout: 7d",
]


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Have the inventory written: nothing of this server is left to decide."""
    directory = tmp_path_factory.mktemp("evening") / "shop"
    report = directory.parent / "report.html"
    done = deploy({"adopt_report": str(report), "adopt_write_to": str(directory)}, playbook="adopt.yml")
    assert done.code == 0 and done.recap()["changed"] == 0 and report.exists(), done.output
    file = directory / "group_vars" / "rarebooks" / "main.yml"
    text = file.read_text()
    assert [line for line in text.splitlines() if line.startswith("#   - ")] == []
    assert [one for one in READ if one not in text] == [] and "proxy_adopted_locations" not in text
    assert [secret for secret in [*PASSWORDS.values(), *KEYS.values()] if secret in text] == []
    return directory


@pytest.fixture(scope="session")
def adopting(deploying: Deployer, shop: Path) -> Deployer:
    """Return a function that deploys with that inventory."""
    return partial(deploying, inventory=shop)
