"""The newest snapshot is restored into scratch, and what that proved is written down; nothing of it stays."""

from __future__ import annotations

import json

import server
import store
from printed import DRILL
from terminal import type_in


def test_a_drill_proves_every_table_and_some_files() -> None:
    assert store.snapshot() == 0
    done = type_in(DRILL)
    assert done.code == 0
    drilled = store.known()["drill"]
    assert drilled["backup"] == store.known()["snapshot"]["backup"]
    evidence = json.loads(server.run("cat", "/var/lib/rarebooks.platform/offsite/evidence.json"))["repositories"][store.LOCATION]
    assert set(evidence["rows"]) == {"db_maymessenger", "rarebooks_books_db", "rarebooks_users_db"}
    assert set(evidence["owners_and_rights"]) == set(evidence["rows"])
    assert sum(map(len, evidence["rows"].values())) == drilled["tables"]
    assert {"maymessenger_backend", "rarebooks_backend"} <= set(evidence["apps"])
    assert evidence["files"] and all(len(file["sha256"]) == 64 for file in evidence["files"])
    proofs = json.loads(server.run("cat", "/var/lib/rarebooks.platform/continuous/proofs.json"))["databases"]
    assert {one for one, proof in proofs.items() if proof["tables"] and "trouble" not in proof} == set(evidence["rows"])
    last = server.ledger()[-1]
    assert (last["action"], last["result"]) == ("drill", "done")
    assert "-drill" not in server.run("docker", "ps", "--all", "--format", "{{.Names}}")
    assert "drill" not in server.run("ls", "/var/lib/rarebooks.platform/offsite").split()


LEFT = """
mkdir -p /var/lib/rarebooks.platform/offsite/drill/files /var/lib/rarebooks.platform/continuous/drill
for name in rarebooks-drill-proof-db_maymessenger rarebooks-continuous-drill-db_maymessenger; do
  docker create --name $name --label rarebooks.platform.project=rarebooksdokploy postgres:15
done
"""


def test_what_a_drill_left_when_the_power_went_goes_with_the_next_snapshot() -> None:
    volumes = server.run("docker", "volume", "ls", "--quiet")
    server.shell(LEFT)
    assert store.snapshot() == 0
    assert "-drill" not in server.run("docker", "ps", "--all", "--format", "{{.Names}}")
    assert server.run("docker", "volume", "ls", "--quiet") == volumes
    assert "drill" not in server.run("ls", "/var/lib/rarebooks.platform/offsite", "/var/lib/rarebooks.platform/continuous").split()
