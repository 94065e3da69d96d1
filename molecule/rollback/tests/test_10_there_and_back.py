"""From v1 to v3, back and forth: each release comes back as it was, and what people wrote stays."""

from __future__ import annotations

import json
import re

import server
from apps import Written
from operators import Deployer
from releases import Releases
from support import Web


def test_the_releases_differ_in_image_site_and_environment(releases: Releases) -> None:
    assert releases.differing("v1", "v2") == [
        ".config_tree.json",
        "compose/maymessenger.yml",
        "container /maymessenger_backend",
        "nginx/sites/maymessenger.conf",
        "release.json",
    ]
    assert releases.differing("v2", "v3") == [".config_tree.json", "env/maymessenger_backend.env"]


def test_back_to_v1_by_its_id(releases: Releases, written: Written, web: Web, going_back: Deployer) -> None:
    images = {name: entry[0] for name, entry in releases.state["v1"].items() if name.startswith("container ")}
    done = going_back({"rollback_to": releases.backup["v1"]}, "--diff")
    releases.backup["v3"] = server.backups()[-1]
    assert done.code == 0 and done.recap()["failed"] == 0
    live = server.release()
    assert server.difference(releases.state["v1"], live) == {}
    assert {name: entry[0] for name, entry in live.items() if name.startswith("container ")} == images
    assert written.read(web) == written.content
    undo = f"ansible-playbook -i molecule/rollback/hosts.yml rollback.yml -e rollback_to={releases.backup['v3']}"
    assert f"To undo this: {undo}\n" in done.output


def test_forward_to_v3_by_its_id(releases: Releases, written: Written, web: Web, going_back: Deployer) -> None:
    done = going_back({"rollback_to": releases.backup["v3"]}, "-vvv")
    # Lease, backup, comparison, seal, switch, prune, lease: certbot is not asked where every certificate is there.
    assert (done.code, done.output.count("Using module file")) == (0, 7)
    assert server.difference(releases.state["v3"], server.release()) == {}
    assert written.read(web) == written.content


def test_going_back_twice_goes_back_two_releases(releases: Releases, written: Written, web: Web, going_back: Deployer) -> None:
    for name in ("v2", "v1"):
        assert going_back({}).code == 0
        assert server.difference(releases.state[name], server.release()) == {}, name
    assert written.read(web) == written.content


def test_check_mode_foretells_and_touches_nothing(releases: Releases, going_back: Deployer) -> None:
    before = server.state()
    done = going_back({"rollback_to": releases.backup["v2"]}, "--check", "--diff")
    assert done.code == 0 and done.recap()["changed"] == 2  # The backup and the release.
    assert "-    client_max_body_size 50m;" in done.output and "+    client_max_body_size 40m;" in done.output
    assert server.difference(before, server.state()) == {}


def test_a_rollback_to_what_is_live_changes_nothing(releases: Releases, going_back: Deployer) -> None:
    before = server.state()
    done = going_back({"rollback_to": releases.backup["v1"]})
    assert done.code == 0 and done.recap()["changed"] == 0
    assert "already runs the release of backup" in done.output
    assert server.difference(before, server.state()) == {}


def test_the_next_deploy_goes_forward_as_if_nothing_had_been(releases: Releases, deploying: Deployer) -> None:
    done = deploying({"stack_backup_keep": 20, **releases.variables["v3"]})  # With dumps and proof, as everybody has them.
    assert done.code == 0
    assert server.difference(releases.state["v3"], server.release()) == {}
    again = deploying(releases.variables["v3"])
    assert again.code == 0 and again.recap()["changed"] == 0


def test_the_log_of_each_release_has_outlived_its_container(deploying: Deployer) -> None:
    # v1, v2, v3, and back to v1, v3, v2, v1: each was replaced by the next one.
    kept = [name for name in server.run("ls", "/opt/rarebooks/logs").split() if "_maymessenger_backend_" in name]
    assert len(kept) >= 7
    done = deploying({"logs_app": "maymessenger_backend", "logs_lines": 100000}, playbook="logs.yml")
    starts = [line for line in done.output.splitlines() if "Now listening on" in line]
    assert done.code == 0 and len(starts) > len(kept) and starts == sorted(starts)
    # The very first one of all.
    first = json.loads(server.run("zcat", f"/opt/rarebooks/logs/{min(kept)}").splitlines()[0])
    assert f"{first['time'][:19].replace('T', ' ')} maymessenger_backend | {first['log'].rstrip()}\n" in done.output


def test_backups_and_ledger_are_root_s_alone() -> None:
    loose = "find /opt/rarebooks/backups /opt/rarebooks/logs /opt/rarebooks/ledger.jsonl -mindepth 0 ( -perm /077 -o ! -user root )"
    assert server.run(*loose.split()) == ""


def test_the_ledger_tells_it_all(releases: Releases) -> None:
    told = [(entry["action"], entry["result"], entry["to"]) for entry in server.ledger()]
    back = ("rollback", "rolled back")
    assert told == [
        *[("deploy", "deployed", "")] * 4,
        (*back, releases.backup["v1"]),
        (*back, releases.backup["v3"]),
        (*back, releases.backup["v2"]),
        (*back, releases.backup["v1"]),
        ("rollback", "unchanged", releases.backup["v1"]),
        ("deploy", "deployed", ""),
        ("deploy", "unchanged", ""),
    ]
    entries = server.ledger()
    assert all(entry["by"] and entry["started"] < entry["ended"] and entry["duration"] > 1 for entry in entries)
    assert entries[3]["release"] == entries[5]["release"] == entries[9]["release"] == entries[10]["release"]


def test_the_history_is_a_table(deploying: Deployer) -> None:
    done = deploying({}, playbook="history.yml")
    assert done.code == 0 and done.recap()["changed"] == 0
    assert done.output.count("rolled back") == 4
    # Where a rollback goes is said here as in the list of backups.
    marks = (("^ +", deploying({}, playbook="backups.yml")), ("sealed ", done))
    above = [(beginning, one.output.partition("<- rollback goes here")[0]) for beginning, one in marks]
    good, marked = (re.findall(rf"{beginning}(\d{{8}}_\d{{6}})", text, re.MULTILINE)[-1] for beginning, text in above)
    assert done.output.count("<- rollback goes here") == 1 and marked == good


def test_the_backups_are_a_table(releases: Releases, deploying: Deployer) -> None:
    done = deploying({}, playbook="backups.yml")
    assert done.code == 0 and done.recap()["changed"] == 0
    assert [identifier for identifier in server.backups() if identifier not in done.output] == []
    assert "maymessenger 20241101000000_InitialCreate" in done.said
