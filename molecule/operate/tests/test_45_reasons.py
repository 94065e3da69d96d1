"""A deploy says why it changes each thing, in check mode, in its summary and in the ledger, and shows what was edited by hand."""

from __future__ import annotations

import server
from printed import DEPLOY, HISTORY, LOOK_FIRST
from terminal import type_in

STACK = "/opt/rarebooks"
SECRET = "a-password-of-somebodys-own"
BREAK = f"""
docker stop rarebooks_frontend
docker network disconnect rarebooks_network rarebooks_backend
cd {STACK}
echo 'OWN={SECRET}' >> env/maymessenger_backend.env
sed -i 's/client_max_body_size .*/client_max_body_size 7m;/' nginx/sites/rarebooks.conf
docker compose up --detach --no-deps maymessenger_backend
"""
REASONS = {
    "rarebooks_frontend": "was stopped",
    "rarebooks_backend": "lost its network rarebooks_network",
    "maymessenger_backend": "edited by hand: environment OWN",
}


def test_each_thing_has_its_reason_and_an_edit_is_shown_before_it_is_overwritten() -> None:
    before = server.release()
    server.shell(BREAK)
    foretold, done = type_in(LOOK_FIRST), type_in(DEPLOY)
    assert (foretold.code, done.code) == (0, 0)
    for run in (foretold, done):
        said = " ".join(run.output.split())
        assert "env/maymessenger_backend.env (edited by hand: OWN)" in said and "nginx/sites/rarebooks.conf (edited by hand)" in said
        assert "- client_max_body_size 7m;" in said and SECRET not in said
        for name, reason in REASONS.items():
            assert f"{name} ({reason})" in said, name
    assert server.ledger()[-1]["reasons"] == REASONS
    assert "maymessenger_backend (edited by hand: environment OWN)" in " ".join(type_in(HISTORY).output.split())
    assert server.difference(before, server.release()) == {}
