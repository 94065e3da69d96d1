"""What is wrong with one thing alone. One run deploys to the same server under a name for each fault."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import server
import sources
import yaml
from deployment import INVENTORY, Deploy
from operators import Deployer

NETWORK = "somebodys_network"
OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "two-sources": (
        {"maymessenger_backend_image": "registry.example.org/messenger:1"},
        "Nothing has been changed. Before a deploy can start:\n- May Messenger: expected exactly one of "
        "maymessenger_backend_archive, maymessenger_backend_source, maymessenger_backend_image, got "
        "maymessenger_backend_source and maymessenger_backend_image. Set one of them in the inventory.",
    ),
    "no-certificate": (
        {"certificates_mode": "provided"},
        "Nothing has been changed. Before a deploy can start:\n- Certificate messenger.rare-books.ru: expected certificate and key in "
        "certificates_provided, got none.",
    ),
    "missing-certificate": (
        {
            "certificates_mode": "provided",
            "certificates_provided": {
                name: {"certificate": "/nowhere/chain.pem", "key": "/nowhere/key.pem"}
                for name in ("rare-books.ru", "messenger.rare-books.ru")
            },
        },
        "Nothing has been changed. Before a deploy can start:\n- Certificate messenger.rare-books.ru: expected the file "
        "/nowhere/chain.pem, got: No such file or directory.",
    ),
    "other-password": (
        {"maymessenger_db_password": "not-the-one-it-has"},
        "Nothing has been changed.\nmaymessenger_db_password: expected the password of the database maymessenger in container "
        "db_maymessenger, as user 'postgres', got one with which nobody gets in: ",
    ),
    "other-user": (
        {"maymessenger_db_user": "messenger"},
        "Nothing has been changed.\nmaymessenger_db_password: expected the user 'postgres', with which volume "
        "rarebooksdokploy_db_maymessenger_data was initialised, got 'messenger', who cannot log in to the database maymessenger in "
        "container db_maymessenger: ",
    ),
    "other-network": (
        {"network_name": NETWORK},
        f"Network {NETWORK} on other-network: expected a local bridge that is not internal, got driver bridge, scope local, internal "
        "True. It is not recreated, since that would cut running containers off.",
    ),
}
ARCHIVES = sources.archives()


@pytest.fixture(scope="module")
def _network() -> Iterator[None]:
    server.run("docker", "network", "create", "--internal", NETWORK)
    yield
    server.run("docker", "network", "rm", NETWORK)


@pytest.fixture(scope="module")
def run(_network: None, refused: Deployer, tmp_path_factory: pytest.TempPathFactory) -> Deploy:
    directory = tmp_path_factory.mktemp("faults")
    faults = sources.write(directory) | {name: variables for name, (variables, _message) in OTHERS.items()}
    hosts = {name: {**variables, "ansible_host": server.HOST} for name, variables in faults.items()}
    inventory = directory / "hosts.yml"
    connection = yaml.safe_load(INVENTORY.read_text())["rarebooks"]["hosts"][server.HOST]
    defaults = yaml.safe_load((INVENTORY.parent / "group_vars/rarebooks.yml").read_text())
    # This inventory lies elsewhere, and every host must know that it is the same server.
    defaults["maymessenger_backend_source"] = str(sources.SOURCE)
    inventory.write_text(yaml.safe_dump({"rarebooks": {"hosts": hosts, "vars": defaults | connection}}))
    # One after another: they are the same server, and its lease lets one run in at a time.
    return refused({}, "--forks=1", inventory=inventory, environment={"ANSIBLE_STRATEGY": "ansible.builtin.host_pinned"})


@pytest.mark.parametrize("fault", ARCHIVES)
def test_backend_source(run: Deploy, fault: str) -> None:
    first, problem, *more = run.message(fault).splitlines()
    assert first == "Nothing has been changed. Before a deploy can start:" and more == []
    assert problem.startswith("- May Messenger backend source: ") and f"{fault}.zip: {ARCHIVES[fault][2]}" in problem
    assert run.recap(fault)["changed"] == 0


@pytest.mark.parametrize("fault", OTHERS)
def test_other_faults(run: Deploy, fault: str) -> None:
    assert run.message(fault).startswith(OTHERS[fault][1])
    assert run.recap(fault)["changed"] == 0


@pytest.mark.parametrize("options", [("--check",), ()])
def test_an_image_that_cannot_be_had(options: tuple[str, ...], refused: Deployer) -> None:
    """It is asked for before anything is sealed, by check mode as well."""
    message = refused({"rarebooks_backend_image": "nosuch_backend:1"}, *options).message()
    assert message.startswith("Image nosuch_backend:1: expected it on the server or in a registry, got: ")
    assert "Nothing that runs has been changed." in message
