# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The log of a real PostgreSQL, followed, brought to a real repository, and recovered from there after power cuts."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import following
import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base.times import TIME
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous import (
    drill,
    follow,
    leftovers,
    newer,
    reach,
    receiver,
    recover,
    shipping,
    slot,
    state_file,
)
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous import moment as moments
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.moment import MomentError
from ansible_collections.rarebooks.platform.plugins.module_utils._continuous.settings import Bounds, Place
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.repository import Repository
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import Database, query
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.helper import wait_until_ready
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.position import Position
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger, restoring
from following import DATABASE, LABELS, MIB, NAME, Lab

# Ten are a figure of `make bench`; each takes half a minute.
CUTS = int(os.environ.get("CONTINUOUS_CUTS", "2"))
# A row in a second and a look every 20 s, so many times as fast. restic is no faster: at 8 a busy machine lost 17 s, which are 138 rows.
FASTER = int(os.environ.get("CONTINUOUS_FASTER", "2"))
LOST_AT_MOST = 60


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    bounds = Bounds(seconds=Bounds().seconds / FASTER, slot=32 * MIB)
    with following.running(following.lab_in(tmp_path_factory.mktemp("lab"), bounds)) as made:
        made.begin()
        yield made


@contextmanager
def recovered(lab: Lab, moment: datetime | None, *, received: bool = False, here: bool = False) -> Iterator[Database]:
    """Yield the database of a moment, recovered from what is elsewhere, and from what is here only if that was not lost."""
    if moment is None:
        source = newer.sources([lab.repository], NAME, lab.settings.host)[0]
    else:
        source = reach.choose([lab.repository], NAME, lab.settings.host, moment, lab.root)
    work = recover.Work(str(lab.directory / "restore"))
    place = lab.place if here else Place(NAME, source.cluster, str(lab.directory / "lost"))
    try:
        recover.gather(source, place, work)
        with recover.recovered(lab.client, DATABASE, source, work, moment, LABELS, received) as found:
            yield found
    finally:
        recover.clear(work)


def write_steadily(lab: Lab) -> None:
    """Commit row after row in one session until the database ends; one for each row would not keep the pace."""
    sql = f"DO $$ BEGIN LOOP INSERT INTO visit DEFAULT VALUES; COMMIT; PERFORM pg_sleep({1 / FASTER}); END LOOP; END $$"

    def write() -> None:
        with suppress(Exception):
            query(lab.client, DATABASE, sql)

    threading.Thread(target=write, daemon=True).start()


def last_written(lab: Lab, database: Database = DATABASE) -> float:
    """Return when the last row was written, by the database's clock."""
    return float(query(lab.client, database, "SELECT extract(epoch FROM max(at)) FROM visit")[0][0])


def cut_off(program: subprocess.Popen[bytes]) -> None:
    """End at once what brings the log away, with a restic at work, which is in a session of its own: a power cut spares neither.

    It comes first. Whatever ends before it, it would still bring away, and rows that are committed meanwhile count as lost.
    """
    os.kill(program.pid, signal.SIGSTOP)
    for one in [program.pid, *children_of(program.pid)]:
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
    program.wait()
    assert children_of(program.pid) == []


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    with suppress(FileNotFoundError):
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


@pytest.fixture(autouse=True)
def database_runs(lab: Lab) -> None:
    """Start it where a failed test has left it killed, so that this one alone is told."""
    lab.client.containers.get(NAME).start()
    wait_until_ready(lab.client, NAME, DATABASE.user)


def test_power_cuts_lose_no_more_than_a_minute_of_rows(lab: Lab, record_property: Callable[[str, object], None]) -> None:
    lost, paced, brought = [], [], 0
    chance = random.Random(13)
    for _cut in range(CUTS):
        lab.client.containers.get(NAME).start()
        wait_until_ready(lab.client, NAME, DATABASE.user)
        before = lab.rows()
        command = [sys.executable, following.__file__, str(lab.directory), str(lab.bounds.seconds)]
        program = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, start_new_session=True)
        write_steadily(lab)
        following.wait_for(lab, f"SELECT count(*) >= {before + 25 + chance.randrange(25)} FROM visit")
        cut_off(program)
        committed, last = lab.rows(), last_written(lab)
        for name in (NAME, receiver.name_of(NAME)):
            lab.client.containers.get(name).kill("SIGKILL")
        with recovered(lab, None) as found:
            rows = lab.rows(found)
            assert rows >= brought, "what came back after an earlier cut still does"
            brought = rows
            lost.append(committed - rows)
            # A machine that is busy writes fewer rows than it should, and the time without them says how many these are at the pace.
            paced.append(round((last - last_written(lab, found)) * FASTER))
    record_property("rows lost by power cut", lost)
    record_property("rows lost at the pace", paced)
    print("rows lost by each power cut:", lost, "at the pace:", paced)
    assert max(lost + paced) <= LOST_AT_MOST, (lost, paced)


def test_a_moment_has_exactly_the_rows_that_were_committed_before_it(lab: Lab) -> None:
    lab.follower.look()
    query(lab.client, DATABASE, "INSERT INTO visit (text) VALUES ('before')")
    expected = lab.rows()
    text = query(lab.client, DATABASE, "SELECT clock_timestamp() + '50 ms'")[0][0]
    following.wait_for(lab, f"SELECT clock_timestamp() > '{text}'")
    query(lab.client, DATABASE, "DELETE FROM visit")
    lab.follower.look()
    with recovered(lab, moments.parse(text, datetime.now(timezone.utc))) as found:
        assert lab.rows(found) == expected


def test_a_moment_after_the_last_row_is_reached_only_where_the_log_is_known_to_go_on(lab: Lab) -> None:
    lab.follower.look()
    now = datetime.now(timezone.utc)
    with pytest.raises(MomentError, match="to go on until"), recovered(lab, now):
        pass
    assert recover.have_received(lab.client, DATABASE, lab.place)
    with recovered(lab, now, received=True, here=True) as found:
        assert lab.rows(found) == lab.rows()


def test_a_bare_server_gets_the_rows_that_the_log_has_beyond_the_snapshot(lab: Lab, tmp_path: Path) -> None:
    def bring(created: str, schema: str = "", position: Position | None = None) -> tuple[list[str], dict[str, restoring.Newer]]:
        manifest = manifest_of(lab, created, schema, position)
        restoring.write(str(tmp_path), restoring.Restoring("20261124_083000", "4f1c2a7b", "store"))
        troubles = newer.bring(lab.client, [lab.repository], manifest, lab.settings.host, str(tmp_path))
        note = restoring.read(str(tmp_path))
        assert note
        return troubles, note.newer

    sealed = Position.of(lab.client, DATABASE)
    query(lab.client, DATABASE, "INSERT INTO visit (text) VALUES ('after the snapshot')")
    expected = lab.rows()
    lab.follower.look()
    # Also where the clock was ahead when the snapshot was made.
    assert bring("2099-01-01T00:00:00Z", position=sealed)[1][NAME].dump["tables"]["public.visit"] == expected
    assert bring("2026-11-24T08:30:00Z", position=Position.of(lab.client, DATABASE)) == ([], {})
    troubles, found = bring("2026-11-24T08:30:00Z")
    assert (troubles, found[NAME].dump["tables"]["public.visit"]) == ([], expected)
    assert found[NAME].until >= last_minute()
    assert os.listdir(tmp_path / restoring.NEWER) == [NAME]
    assert bring("2099-01-01T00:00:00Z") == ([], {}), "the snapshot is newer than the log"
    (trouble,), found = bring("2026-11-24T08:30:00Z", "20261125_another")
    assert "expected the schema of the snapshot (20261125_another), got none" in trouble
    assert found == {}


def test_a_drill_restores_the_log_from_what_is_elsewhere_alone(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    query(lab.client, DATABASE, "INSERT INTO visit (text) VALUES ('before the drill')")
    lab.follower.look()
    assert drill.prove_all(lab.client, lab.settings, [lab.repository], lab.root) == {}
    proof = state_file.read_proofs(lab.root).of(NAME)
    assert (proof.tables, proof.rows, proof.trouble) == (1, lab.rows(), "")
    assert proof.until >= last_minute()
    assert "drill" not in os.listdir(lab.root) or os.listdir(f"{lab.root}/drill") == []
    with monkeypatch.context() as patch:
        patch.setattr(recover, "gather", lambda *_given: (_ for _ in ()).throw(MomentError("a segment is missing")))
        assert list(drill.prove_all(lab.client, lab.settings, [lab.repository], lab.root)) == [NAME]
    assert state_file.read_proofs(lab.root).of(NAME).trouble.endswith("a segment is missing")


def manifest_of(lab: Lab, created: str, schema: str, position: Position | None) -> Any:
    """Return what of a backup's manifest matters here."""
    inspected = lab.client.api.inspect_container(NAME)
    entry = {"name": DATABASE.name, "user": DATABASE.user, "schema_query": DATABASE.schema_query, "schema": schema, "dump": {"file": "x"}}
    images = {NAME: {"id": inspected["Image"]}}
    if position:
        entry["position"] = position.to_dict()
    return SimpleNamespace(created=created, project=following.PROJECT, databases={NAME: entry}, images=images)


def last_minute() -> str:
    """Return the time of a minute ago."""
    return (datetime.now(timezone.utc) - timedelta(minutes=1)).strftime(TIME)


def test_nothing_is_brought_away_where_nothing_changed(lab: Lab) -> None:
    query(lab.client, DATABASE, "CHECKPOINT")
    lab.follower.look()
    following.wait_for(lab, "SELECT count(*) = 1 FROM pg_stat_replication WHERE flush_lsn = pg_current_wal_lsn()")
    # PostgreSQL itself writes a word now and then, for some seconds after others have.
    for _look in range(20):
        before = len(lab.repository.snapshots())
        lab.follower.look()
        if len(lab.repository.snapshots()) == before:
            return
    pytest.fail("each look brings something away")


def test_a_database_that_was_restarted_or_replaced_is_followed_again(lab: Lab) -> None:
    container = lab.client.containers.get(NAME)
    container.restart(timeout=10)
    wait_until_ready(lab.client, NAME, DATABASE.user)
    lab.follower.look()
    following.wait_for(lab, "SELECT count(*) = 1 FROM pg_stat_replication")


def fill(lab: Lab, segments: int) -> None:
    """Write so many segments of log."""
    for _segment in range(segments):
        query(lab.client, DATABASE, "INSERT INTO visit (text) VALUES ('fill'); SELECT pg_switch_wal(); CHECKPOINT")


def test_a_receiver_that_receives_nothing_is_told_and_made_anew(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.follower.look()
    (torn,) = Path(lab.place.log).glob("*.partial")
    lab.client.containers.get(receiver.name_of(NAME)).kill("SIGKILL")
    # As a full disk leaves it, while the next segment is made.
    os.truncate(torn, 4096)
    for _look in range(follow.LOOKS_STILL + 2):
        query(lab.client, DATABASE, "INSERT INTO visit (text) VALUES ('nobody receives')")
        lab.follower.look()
    assert "receives nothing" in capsys.readouterr().out
    following.wait_for(lab, "SELECT count(*) = 1 FROM pg_stat_replication")
    expected = lab.rows()
    lab.follower.look()
    with recovered(lab, None) as found:
        assert lab.rows(found) == expected


def test_a_gap_in_the_log_is_found_and_what_is_possible_told(lab: Lab, tmp_path: Path) -> None:
    fill(lab, 3)
    lab.follower.look()
    now = datetime.now(timezone.utc)
    source = reach.choose([lab.repository], NAME, lab.settings.host, now, lab.root)
    work = recover.Work(str(tmp_path / "restore"))
    recover.gather(source, lab.place, work)
    recover.require_whole(source, work, now)
    segments = sorted(name for name in os.listdir(work.log) if len(name) == 24)
    (Path(work.log) / segments[-2]).unlink()
    with pytest.raises(MomentError, match=f"without a gap, got none of segment {segments[-2]}.*can be restored"):
        recover.require_whole(source, work, now)
    # Before the gap everything is as it was.
    recover.require_whole(source, work, source.at)


def lost_slots(lab: Lab) -> list[str]:
    path = lab.directory / ledger.FILE
    return [line for line in path.read_text().splitlines() if "is lost" in line] if path.exists() else []


def test_the_log_on_disk_is_bounded_while_nobody_receives_and_a_lost_slot_is_told_and_made_anew(lab: Lab) -> None:
    before = lost_slots(lab)
    lab.client.containers.get(receiver.name_of(NAME)).kill("SIGKILL")
    fill(lab, 10)
    (size,) = query(lab.client, DATABASE, "SELECT sum(size)::bigint FROM pg_ls_waldir()")[0]
    assert int(size) <= (32 + 32 + 16) * MIB, "the bound of the slot, max_wal_size, and a segment"
    assert slot.read(lab.client, DATABASE).slot == slot.LOST
    assert lab.follower.look(), "a new base is due"
    assert not os.path.exists(lab.place.before_gap), "each repository has what was received before"
    assert lab.follower_state.lost
    (told,) = lost_slots(lab)[len(before) :]  # On a slow machine others may have been lost before.
    assert "any second can be restored" in told
    assert lab.renew() == 0
    assert not lab.follower.look()
    following.wait_for(lab, "SELECT count(*) = 1 FROM pg_stat_replication")
    assert slot.read(lab.client, DATABASE).slot == "reserved"


def test_a_moment_comes_from_the_repository_whose_log_has_no_gap(lab: Lab) -> None:
    query(lab.client, DATABASE, "INSERT INTO visit (text) VALUES ('before the gap')")
    fill(lab, 3)
    lab.follower.look()
    holed = Repository(str(lab.directory / "holed"), lab.repository.access)
    shutil.copytree(lab.repository.location, holed.location)
    source = reach.choose([holed], NAME, lab.settings.host, datetime.now(timezone.utc), lab.root)
    logs = [one for one in holed.snapshots(shipping.WAL, f"cluster:{source.cluster}") if one.tagged("last:")[0] >= source.start]
    assert logs, "what follows the base was brought away"
    holed.forget(*(one.id for one in logs))
    now, elsewhere = datetime.now(timezone.utc), str(lab.directory / "lost")
    fill(lab, 1)
    following.wait_for(lab, "SELECT count(*) = 1 FROM pg_stat_replication WHERE flush_lsn = pg_current_wal_lsn()")
    lab.follower.look()
    with pytest.raises(MomentError, match=r"Repository .*holed: its log lacks segment"):
        reach.choose([holed], NAME, lab.settings.host, now, elsewhere)
    found = reach.choose([holed, lab.repository], NAME, lab.settings.host, now, elsewhere)
    assert found.repository.location == lab.repository.location


def test_what_a_killed_restore_has_left_goes(lab: Lab) -> None:
    source = reach.choose([lab.repository], NAME, lab.settings.host, datetime.now(timezone.utc), lab.root)
    work = recover.work_for(NAME, lab.root)
    recover.gather(source, lab.place, work)
    killed = recover.recovered(lab.client, DATABASE, source, work, None, LABELS)
    found = killed.__enter__()
    assert lab.rows(found) >= 0
    assert leftovers.places(lab.root) == {NAME: work.root}
    assert leftovers.remove(lab.root) == [work.root]
    assert not lab.client.containers.list(all=True, filters={"name": f"^/{found.container}$"})
    assert not os.path.exists(work.root)


def test_a_store_that_was_made_anew_is_recovered_from_as_soon_as_it_has_a_base(lab: Lab) -> None:
    lab.follower.look()
    shutil.rmtree(lab.repository.location)
    lab.repository.create()
    query(lab.client, DATABASE, "INSERT INTO visit (text) VALUES ('after the store was made anew')")
    for _look in range(20):  # A busy machine has received nothing yet at the first.
        if lab.follower.look():
            break
    else:
        pytest.fail("no base is due")
    assert "another repository than before" in (lab.directory / ledger.FILE).read_text().splitlines()[-1]
    assert lab.renew() == 0
    assert not lab.follower.look()
    expected = lab.rows()
    with recovered(lab, None) as found:
        assert lab.rows(found) == expected


def test_turned_off_the_database_is_as_it_was(lab: Lab) -> None:
    lab.follower.off()
    assert slot.read(lab.client, DATABASE).slot == ""
    following.wait_for(lab, "SELECT setting = '-1' FROM pg_settings WHERE name = 'max_slot_wal_keep_size'")
    assert receiver.all_followed(lab.client, following.PROJECT) == set()
    assert not os.path.exists(lab.root)
