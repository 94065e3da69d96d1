"""What runs tell people: of backups that are not good, where they are listed, offered and gone back to, and of what would change."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SHOW = {"rarebooks.platform.report": {"text": f"{{{{ lookup('ansible.builtin.template', '{ROOT}/playbooks/templates/backups.txt.j2') }}}}"}}
CHECK = ROOT / "roles/rollback/tasks/check.yml"
SUMMARY = f"{{{{ lookup('ansible.builtin.template', '{ROOT}/roles/stack/templates/summary.txt.j2') }}}}"
FAULT = "release.json is damaged: expected JSON"
GOOD, DRIFTED, DAMAGED = "20261124_120000", "20261125_120000", "20261126_120000"
SOUND = {"result": "good", "causes": "", "damage": "", "good": [{"id": DRIFTED, "release": "a"}]}
UNDESCRIBED = {"result": "drifted", "causes": FAULT, "damage": FAULT}


def played(directory: Path, tasks: list[dict[str, Any]], **variables: Any) -> str:
    """Return what a play of these tasks shows."""
    (directory / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    (directory / "hosts").write_text("shop\n")
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "-i", "hosts", "play.yml", "-e", json.dumps(variables)],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ
        | {"ANSIBLE_COLLECTIONS_PATH": f"{ROOT}/collections", "ANSIBLE_NOCOLOR": "1", "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
    )
    assert done.returncode == 0 or "  FAILED  " in done.stdout, done.stdout + done.stderr
    return done.stdout


def listed(identifier: str, reason: str = "before a deploy", **said: Any) -> dict[str, Any]:
    return {
        "id": identifier,
        "kind": "sealed",
        "age": 3600,
        "result": "good",
        "damage": "",
        "causes": "",
        "gone": [],
        "differs": [],
        "manifest": {"size": 2048, "reason": reason, "images": {}, "databases": {}, "files": []},
        **said,
    }


def test_a_damaged_backup_is_a_row_with_what_to_do(tmp_path: Path) -> None:
    backups = [
        listed(DAMAGED, result="damaged", damage="/x/manifest.json is missing", manifest={"files": [], "network": "", "by_hand": True}),
        listed(DRIFTED, result="drifted", causes=FAULT, damage=FAULT, reason="before the release that nobody had described in fewer words"),
        listed(GOOD),
    ]
    away = {"id": GOOD, "age": 7200, "size": None, "repository": "sftp:x", "proven": "2026-11-26T04:30:00Z", "here": True}
    elsewhere = {"offsite": [away], "offsite_errors": {"sftp:y": "Repository sftp:y: it cannot be reached."}}
    found = {"backups": backups, "good": GOOD, "size": 0, "max_size": 0, "free": 0, "warning": "", **elsewhere}
    said = played(tmp_path, [SHOW], __backups=found)
    # On a terminal of 80 columns, the newest last; texts that were wrapped are read as one line.
    assert [line for line in said.splitlines() if len(line) > 80] == []
    assert [line[4:19] for line in said.splitlines() if re.match(r" {4}\d{8}_", line)] == [GOOD, GOOD, DRIFTED, DAMAGED]
    rows, said = said, re.sub(r"\n {10,}", " ", said)
    assert re.search(rf"{GOOD} +2\.0 h  off-site +-\n +in sftp:x, proven by a drill 2026-11-26T04:30:00Z, and here\n", said)
    assert "NOT LISTED: Repository sftp:y: it cannot be reached.\n" in said
    assert re.search(rf"{DAMAGED} +1\.0 h  damaged +\S+ \S+\n +cannot be read\n", said) and "the old guide" not in said
    assert "    DAMAGED: /x/manifest.json is missing\n" in said and f"remove the directory /opt/rarebooks/backups/{DAMAGED} by hand" in said
    assert f"    drifted: when it was sealed, {FAULT}\n" in said and f"such as {GOOD}." in said
    assert f"\n             -e rollback_to={DRIFTED} -e rollback_confirm=true\n" in rows
    assert re.search(rf"\n    {GOOD} +1\.0 h  good .*before a deploy\n        <- rollback goes here\n", rows) and rows.count("<-") == 1


def test_what_is_dated_later_than_now_says_so(tmp_path: Path) -> None:
    away = {"id": GOOD, "age": -7200, "size": None, "repository": "sftp:x", "proven": "", "here": False}
    rest = {"good": GOOD, "size": 0, "max_size": 0, "free": 0, "warning": "", "offsite": [away], "offsite_errors": {}}
    dated = [listed(GOOD, age=-180000), listed(DRIFTED, age=-5)]
    lines = re.sub(r"\n {10,}", " ", played(tmp_path, [SHOW], __backups={"backups": dated, **rest})).splitlines()
    told = [line.split()[0] for line, below in itertools.pairwise(lines) if "DATED LATER THAN NOW" in below]
    # Of the one that is elsewhere the line that says where, and of the one that is here its row; seconds are no difference.
    assert told == ["in", GOOD] and "look at timedatectl" in " ".join(lines).lower()
    assert any(re.match(rf" +{GOOD} +in 2\.0 h ", line) for line in lines)
    assert any(re.match(rf" +{GOOD} +in 2 days ", line) for line in lines)
    assert any(re.match(rf" +{DRIFTED} +0\.0 h ", line) for line in lines)


def test_where_all_are_elsewhere_it_is_not_said_that_there_are_none(tmp_path: Path) -> None:
    away = {"id": GOOD, "age": 7200, "size": None, "repository": "sftp:x", "proven": "", "here": False}
    rest = {"backups": [], "good": "", "size": 0, "max_size": 0, "free": 0, "warning": "", "offsite_errors": {}}
    assert "There are no backups yet" in played(tmp_path, [SHOW], __backups={"offsite": [], **rest})
    said = played(tmp_path, [SHOW], __backups={"offsite": [away], **rest})
    assert "There are none on this server: only those elsewhere." in said and "There are no backups yet" not in said


def test_the_history_marks_the_run_before_which_a_rollback_goes(tmp_path: Path) -> None:
    show = {
        "rarebooks.platform.report": {"text": f"{{{{ lookup('ansible.builtin.template', '{ROOT}/playbooks/templates/history.txt.j2') }}}}"}
    }
    empty = dict.fromkeys(("commit", "to", "step", "error"), "")
    runs = [
        {**empty, "started": f"2026-11-2{day}T12:00:00Z", "action": "deploy", "result": "deployed", "duration": 31.5, "by": "alice@laptop"}
        | {"backup": backup, "reasons": {}}
        for day, backup in ((4, GOOD), (5, DRIFTED))
    ]
    said = played(tmp_path, [show], __history_ledger={"entries": runs, "unreadable": 0}, __history_good=GOOD)
    lines = [line.strip() for line in said.splitlines()]
    assert lines.count("<- rollback goes here, to what ran before this run") == 1
    assert lines[lines.index("<- rollback goes here, to what ran before this run") - 1].endswith(f"sealed {GOOD}")
    unknown = played(tmp_path, [show], __history_ledger={"entries": runs, "unreadable": 0}, __history_good="")
    assert "<-" not in unknown and f"sealed {GOOD}" in unknown and "is not known" not in unknown
    ledger = {"entries": runs, "unreadable": 0}
    failed = played(tmp_path, [show], __history_ledger=ledger, __history_good="", __history_backups={"msg": "The engine does not answer."})
    assert "Where a rollback goes is not known: The engine does not answer." in " ".join(failed.split()) and f"sealed {GOOD}" in failed


def summary(directory: Path, sealed: dict[str, Any], removed: list[str], release: str = "live") -> list[str]:
    """Return the lines of a deploy's summary that say how to go back."""
    made = {
        "reasons": {},
        "file_reasons": {},
        "created": [],
        "updated": [],
        "removed": [],
        "started": [],
        "containers_removed": [],
        "reloaded": False,
        "notes": [],
    }
    said = played(
        directory,
        [
            {
                "rarebooks.platform.report": {
                    "text": f"{{{{ lookup('ansible.builtin.template', '{ROOT}/roles/stack/templates/summary.txt.j2') }}}}"
                }
            }
        ],
        __stack_sealed={"id": DRIFTED, **sealed},
        __stack_release={"changed": True, "release": release, **made},
        __stack_pruned={"removed": removed},
        __stack_apps=[],
        __stack_changes=True,
        __stack_beside=["what watches the server"],
        certificates_ordered=[],
        offsite_repositories=[],
        stack_began=0,
    )
    return [line.strip() for line in said.splitlines() if re.search("go back|before this run|no other release", line)]


def test_a_deploy_says_what_it_offers_to_go_back_to(tmp_path: Path) -> None:
    command = "ansible-playbook -i hosts rarebooks.platform.rollback -e rollback_to="
    assert summary(tmp_path, SOUND, []) == [f"To go back: {command}{DRIFTED}"]
    # What is live now is nothing to go back to, and what was pruned is gone.
    good = [{"id": "20261123_120000", "release": "live"}, {"id": "20261122_120000", "release": "a"}, {"id": GOOD, "release": "a"}]
    assert summary(tmp_path, {**UNDESCRIBED, "good": good}, ["20261122_120000"]) == [
        f"What was live before this run is drifted ({FAULT}).",
        f"To go back to it: {command}{DRIFTED} -e rollback_confirm=true",
        f"To go back to the newest good release: {command}{GOOD}",
    ]
    assert summary(tmp_path, {"result": "not proven", "causes": "", "damage": "", "good": []}, []) == [
        "What was live before this run is not proven.",
        f"To go back to it: {command}{DRIFTED}",
        "There is no other release that was proven to serve.",
    ]


def going_back(directory: Path, confirm: bool, backup: dict[str, Any], good: str = GOOD) -> str:
    return played(
        directory,
        [{"ansible.builtin.include_tasks": str(CHECK)}],
        __rollback_backup={**backup, "kind": "sealed", "id": DRIFTED, "manifest": {"files": []}},
        __rollback_found={"good": good},
        rollback_confirm=confirm,
        rollback_restore_database=False,
    )


def test_a_damaged_description_is_not_put_back_unasked(tmp_path: Path) -> None:
    said = going_back(tmp_path, False, UNDESCRIBED)
    assert "  FAILED  " in said and FAULT in said and "Nothing has been changed." in said
    assert f"rollback_to={GOOD}" in said and f"rollback_to={DRIFTED} -e rollback_confirm=true" in said
    confirmed = going_back(tmp_path, True, UNDESCRIBED)
    assert "  FAILED  " not in confirmed and f"Backup {DRIFTED} is drifted: when it was sealed, {FAULT}." in confirmed


def test_what_nothing_has_proven_is_told_before_it_is_gone_back_to(tmp_path: Path) -> None:
    said = going_back(tmp_path, False, {"result": "not proven", "causes": "", "damage": ""}, "")
    assert "  FAILED  " not in said and f"Backup {DRIFTED} is not proven. No run has proven that it serves" in said
    assert "There is no good backup." in said
    assert f"Backup {DRIFTED} is" not in going_back(tmp_path, False, {"result": "good", "causes": "", "damage": ""})


def previewed(directory: Path, role: str, **variables: Any) -> str:
    text = f"{{{{ lookup('ansible.builtin.template', '{ROOT}/roles/{role}/templates/preview.txt.j2') }}}}"
    common = {"stack_adopt": False, "__stack_by_hand": False, "rollback_restore_database": False, "__stack_beside": []}
    return played(directory, [{"rarebooks.platform.report": {"text": text}}], **{**common, **variables})


FORETOLD = {
    "changed": True,
    "created": [],
    "updated": ["compose/notes.yml"],
    "removed": [],
    "started": ["notes", "notes_db"],
    "containers_removed": ["blog"],
    "notes": ["notes_db: its restart policy was changed"],
    "reasons": {"notes": "image differs", "notes_db": "was stopped"},
    "file_reasons": {"compose/notes.yml": "edited by hand"},
}
UNCHANGED = {**FORETOLD, "changed": False, "updated": [], "started": [], "containers_removed": [], "notes": []}


def test_check_mode_names_what_a_deploy_would_change(tmp_path: Path) -> None:
    said = previewed(tmp_path, "stack", __stack_release=FORETOLD, __stack_changes=True)
    for line in (
        "Files: compose/notes.yml (edited by hand)",
        "Containers started or replaced: notes (image differs), notes_db (was stopped)",
        "Containers removed: blog",
        "notes_db: its restart policy was changed",
    ):
        assert f"    {line}\n" in said
    assert "a deploy would change nothing" in previewed(tmp_path, "stack", __stack_release=UNCHANGED, __stack_changes=False)
    beside = {"__stack_release": UNCHANGED, "__stack_changes": False, "__stack_beside": ["what watches the server"]}
    assert "would bring up to date what watches the server, and touch no container" in previewed(tmp_path, "stack", **beside)
    bare = {
        "__stack_apps": [{"containers": ["notes"]}],
        "proxy_app": {"containers": ["nginx_container"]},
        "__stack_release": {"skipped": True},
        "__stack_carried": {"skipped": True},
        "docker_missing": ["docker.io", "python3-docker"],
    }
    said = previewed(tmp_path, "stack", __stack_changes=True, **bare)
    assert "would install docker.io, python3-docker, and start: nginx_container, notes\n" in said


def test_check_mode_does_not_name_what_an_adoption_carries_over(tmp_path: Path) -> None:
    """Without Docker's Python library the release cannot be compared, but the containers made by hand are."""
    adopted: dict[str, Any] = {"__stack_release": {"skipped": True}, "docker_missing": ["python3-docker"]}
    said = previewed(tmp_path, "stack", **adopted, __stack_carried={"started": ["notes"]})
    assert "would install python3-docker, and start: notes\n" in said
    said = previewed(tmp_path, "stack", **adopted, __stack_carried={"started": []})
    assert "would install python3-docker, and start: no container\n" in said


def test_check_mode_names_what_a_rollback_would_change(tmp_path: Path) -> None:
    said = previewed(tmp_path, "rollback", __rollback_release=FORETOLD, __rollback_backup={"id": GOOD})
    assert (
        f"Going back to backup {GOOD} would change:\n" in said
        and "Containers started or replaced: notes (image differs), notes_db (was stopped)\n" in said
    )
    said = previewed(tmp_path, "rollback", __rollback_release=UNCHANGED, __rollback_backup={"id": GOOD})
    assert f"runs the release of backup {GOOD}." in said
