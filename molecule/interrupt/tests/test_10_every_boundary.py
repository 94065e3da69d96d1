"""The controller is killed before every task that reaches the server, in a deploy and in a rollback that change something.

From the one on that takes the lease: a run that has none has only read. After each the shop answers, and the next plain run converges,
with nothing to unlock or to clean up by hand. As long as nothing has been changed, that next run is the one that is killed a task later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import server
from controllers import JOURNAL, live_version, version
from operators import Deployer

LEASE = "Take the lease"
# The first task of either that changes anything but the lease.
FIRST_CHANGE = "Seal the live release"


def telling(points: Mapping[int, str]) -> dict[int, str]:
    """Return the tasks from that on which takes the lease."""
    lease = next(number for number, point in points.items() if name_of(point) == LEASE)
    return {number: point for number, point in points.items() if number >= lease}


def harmless(points: Mapping[int, str]) -> set[int]:
    """Return the tasks before which nothing has been changed."""
    change = next(number for number, point in points.items() if name_of(point) == FIRST_CHANGE)
    return {number for number in points if number < change}


def name_of(point: str) -> str:
    return point.rpartition(" : ")[2]


def assert_converged(number: int) -> None:
    """Require that a version is live and whole, and that nothing is left of the run that died."""
    assert live_version() == str(number)
    assert f"client_max_body_size {number}m;" in server.run("cat", "/opt/rarebooks/nginx/sites/maymessenger.conf")
    left = f"ls -d {JOURNAL} /opt/rarebooks/.config_tree.staged /run/rarebooks.platform/*.json 2> /dev/null || true"
    assert server.shell(left) == ""
    ill = [name for name, (_image, *state) in server.release_containers().items() if state != ["running", "healthy"]]
    assert ill == []


def test_a_deploy_killed_at_every_boundary(
    boundaries: Callable[..., dict[int, str]],
    kill_before: Callable[..., None],
    deploying: Deployer,
    assert_shop_answers: Callable[[], None],
) -> None:
    earlier = len(server.ledger())
    points = telling(boundaries(version(100)))
    assert len(points) >= 5, points
    for number, point in points.items():
        print(f"killed before task {number}, {point}")
        kill_before(number, version(100 + number))
        assert_shop_answers()
        if number in harmless(points):
            continue
        done = deploying(version(100 + number))
        assert done.code == 0, f"killed before {point}"
        assert_converged(100 + number)
    # Before it took the lease a run cannot be recorded, and once the release was proven it has been.
    names = [name_of(point) for point in points.values()]
    recorded = names[names.index(LEASE) + 1 : names.index("Make the release live and prove that it serves") + 1]
    assert [entry["result"] for entry in server.ledger()[earlier:]].count("interrupted") == len(recorded)


def test_a_rollback_killed_at_every_boundary(
    boundaries: Callable[..., dict[int, str]],
    kill_before: Callable[..., None],
    deploying: Deployer,
    assert_shop_answers: Callable[[], None],
) -> None:
    assert deploying(version(201)).code == 0
    assert deploying(version(202)).code == 0
    backups = {201: server.backups()[-1]}
    quick = {"stack_backup_databases": "dump", "stack_backup_keep": 20}
    points = telling(boundaries({"rollback_to": backups[201], **quick}, "rollback.yml"))
    backups[202] = server.backups()[-1]
    assert len(points) >= 5, points
    for number, point in points.items():
        print(f"killed before task {number}, {point}")
        goal = 202 if live_version() == "201" else 201
        variables = {"rollback_to": backups[goal], **quick}
        kill_before(number, variables, "rollback.yml")
        assert_shop_answers()
        if number in harmless(points):
            continue
        assert deploying(variables, playbook="rollback.yml").code == 0, f"killed before {point}"
        assert_converged(goal)
