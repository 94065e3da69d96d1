# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A rollback that lost its controller is completed by the server; typed again it must not go back once more."""

import signal

import server
from controllers import JOURNAL, Controlling, live_version, version, wait_on_server
from operators import Deployer


def test_a_rollback_is_not_done_twice(controller: Controlling, deploying: Deployer) -> None:
    for number in (351, 352, 353):
        assert deploying(version(number)).code == 0
    run = controller({"stack_backup_databases": "dump"}, "rollback.yml")
    wait_on_server(f"[ -e {JOURNAL} ]")
    run.signal(signal.SIGKILL)
    run.end()
    wait_on_server(f"! [ -e {JOURNAL} ]")
    assert live_version() == "352"
    before = server.release()
    again = deploying({}, playbook="rollback.yml")
    assert again.code == 0 and "This rollback has been done." in again.output
    assert server.difference(before, server.release()) == {} and live_version() == "352"
    # Now that it is known, the next one goes on.
    assert deploying({"stack_backup_databases": "dump"}, playbook="rollback.yml").code == 0
    assert live_version() == "351"
