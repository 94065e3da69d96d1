"""Back to the state before the messenger's first deploy: the shop serves, the messenger is gone but for its data."""

from __future__ import annotations

from collections.abc import Callable

import server
from operators import Deployer
from releases import Releases
from visitor import Visitor

VOLUMES = "docker volume ls --format '{{.Name}}' | sort"


def test_the_messenger_is_gone_without_an_orphan_and_its_volumes_stay(
    releases: Releases, deploying: Deployer, visitor: Callable[[], Visitor]
) -> None:
    assert deploying({"stack_apps": ["rarebooks"], "stack_backup_databases": "off"}).code == 0
    assert server.difference(releases.state["shop alone"], server.release()) == {}
    # And the same by a rollback.
    assert deploying({**releases.variables["v1"], "stack_backup_databases": "off"}).code == 0
    volumes = server.shell(VOLUMES)
    with visitor() as somebody:
        done = deploying({"stack_backup_databases": "off"}, playbook="rollback.yml")
    somebody.assert_served(at_least=10)
    assert done.code == 0
    assert server.difference(releases.state["shop alone"], server.release()) == {}
    assert "Containers removed: db_maymessenger, maymessenger_backend" in done.output
    assert server.shell(VOLUMES) == volumes and "rarebooksdokploy_db_maymessenger_data" in volumes
