"""A secret that is given anew changes no template, and yet what runs: that is sealed as well, and can be undone."""

from __future__ import annotations

import server
from operators import Deployer
from releases import Releases

SECRET = "another-secret-of-more-than-thirty-two-characters"
ENVIRONMENT = "/opt/rarebooks/env/maymessenger_backend.env"


def test_what_ran_with_the_old_secret_is_sealed_first(releases: Releases, deploying: Deployer) -> None:
    common = {**releases.variables["v1"], "stack_backup_databases": "dump", "stack_backup_keep": 20}
    assert deploying(common).code == 0
    before, backups = server.release(), server.backups()
    assert deploying({**common, "maymessenger_jwt_secret": SECRET}, given=[SECRET]).code == 0
    assert server.run("grep", "--count", f"^Jwt__Secret={SECRET}$", ENVIRONMENT) == "1\n"
    (sealed,) = set(server.backups()) - set(backups)
    assert server.run("ls", f"/opt/rarebooks/backups/{sealed}/dumps").split() == ["db_maymessenger.dump", "db_maymessenger.globals.json"]
    assert deploying({"stack_backup_databases": "off"}, given=[SECRET], playbook="rollback.yml").code == 0
    assert server.difference(before, server.release()) == {}
