"""Certificates given by hand: what visitors would refuse is never served, and the pair of before comes back with its release."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import provided
import pytest
import server
from contract import MESSENGER, SHOP
from operators import Deployer
from visitor import Visitor

SITES = {"rare-books.ru": SHOP, "messenger.rare-books.ru": [MESSENGER]}
STORE = "/usr/local/share/ca-certificates/operator.crt"
# Runs, says that it is healthy, and listens on another port than the messenger: nginx has read everything new before that shows.
DEAF = {
    "maymessenger_backend_source": "",
    "maymessenger_backend_image": "nginx:stable-alpine",
    "maymessenger_backend_probe": ["true"],
    "stack_gate_deadline": 10,
}
LONG = ".".join(["a" * 63, "b" * 63, "c" * 63, "rare-books.ru"])
Everybody = Callable[[], Any]


@pytest.fixture(scope="module")
def own() -> Iterator[provided.Authority]:
    made = provided.Authority.make()
    yield made
    server.run("rm", "-f", STORE)
    server.run("update-ca-certificates", "--fresh")


@pytest.fixture(scope="module")
def everybody(own: provided.Authority, tmp_path_factory: pytest.TempPathFactory) -> Everybody:
    """Return visitors of both sites, who trust the local CA and the operator's: none of them may be lost to any exchange."""
    ca_file = tmp_path_factory.mktemp("everybody") / "ca.pem"
    ca_file.write_text(server.run("cat", "/opt/rarebooks/ca/ca.pem") + own.root.pem.decode())
    address = server.address()

    @contextmanager
    def visit(messenger: bool = True) -> Iterator[None]:
        visitors = [Visitor(address, str(ca_file))]
        visitors += [Visitor(address, str(ca_file), MESSENGER, ["/health"])] if messenger else []
        with ExitStack() as stack:
            for one in visitors:
                stack.enter_context(one)
            yield
        for one in visitors:
            one.assert_served(at_least=10)

    return visit


def given(files: dict[str, dict[str, str]], **more: Any) -> dict[str, Any]:
    return {"certificates_mode": "provided", "certificates_provided": files, **more}


def test_an_authority_that_the_server_does_not_know(
    own: provided.Authority, everybody: Everybody, refused: Deployer, tmp_path: Path
) -> None:
    with everybody():
        done = refused(given(own.provide(tmp_path, SITES)))
    assert done.recap()["changed"] == 0
    assert "trust, got: unable to get local issuer certificate. The last certificate in the chain file was issued by " in done.message()
    # And then he does what the message says.
    server.run("tee", STORE, stdin=own.root.pem.decode())
    server.run("update-ca-certificates")


def test_a_chain_without_its_intermediate(own: provided.Authority, everybody: Everybody, refused: Deployer, tmp_path: Path) -> None:
    with everybody():
        done = refused(given(own.provide(tmp_path, SITES, whole=False)))
    assert done.recap()["changed"] == 0
    assert "was issued by The operator's own authority, issuing, which is not known here. Where that is an intermediate, append" in (
        done.message()
    )


def test_a_sound_pair_goes_back_with_a_release_that_fails(
    own: provided.Authority, everybody: Everybody, deploying: Deployer, tmp_path: Path
) -> None:
    before, release = links(), server.release()
    with everybody(messenger=False):
        done = deploying(given(own.provide(tmp_path, SITES), **DEAF))
    assert done.code == 2
    assert "RareBooks and May Messenger serve again." in done.message()
    assert "Certificates of before that are served again: messenger.rare-books.ru, rare-books.ru." in done.message()
    assert (links(), server.difference(release, server.release())) == (before, {})
    assert server.ledger()[-1]["result"] == "restored"
    # The next run has nothing to make up for.
    assert deploying({}).recap()["changed"] == 0


def test_a_sound_pair_is_exchanged_without_a_word(
    own: provided.Authority, everybody: Everybody, deploying: Deployer, tmp_path: Path
) -> None:
    before, variables = links(), given(own.provide(tmp_path, SITES))
    with everybody():
        assert deploying(variables).code == 0
        assert deploying(variables).recap()["changed"] == 0
        assert links() != before
        # A name longer than a common name may be, and than nginx takes unasked, of a certificate that the local CA issues again.
        assert deploying({"maymessenger_server_names": [LONG, MESSENGER]}).code == 0
        assert deploying({}).code == 0


def links() -> str:
    """Return where nginx finds each certificate, and which of them can still come back."""
    return server.shell("cd /etc/letsencrypt; for link in live/*/current versions/*/before; do echo $link $(readlink $link); done")
