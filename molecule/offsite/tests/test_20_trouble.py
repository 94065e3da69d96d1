"""What goes wrong on the way is told in a sentence and in the ledger, never green, and mended by the next run."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

import server
import store
from printed import CHECK, PRUNE, SNAPSHOT, UNLOCK
from support import wait_until
from terminal import type_in

# KiB/s; as slow as that only while a test needs it.
SLOW = 100
# What the unit runs at its end, once.
LAST_STEP = "/run/last-step"
DROP_IN = "/run/systemd/system/rarebooks-offsite.service.d/last-step.conf"
NEW = f"head -c 4000000 /dev/urandom > {store.quoted('/var/lib/docker/volumes/rarebooksdokploy_collection_images/_data/new.jpg')}"


@contextmanager
def on_the_way() -> Iterator[None]:
    """Have a snapshot on its way that takes a while; afterwards there is no limit any more."""
    store.change_settings(upload_limit=SLOW)
    server.shell(NEW)
    server.run("systemctl", "start", "--no-block", store.SERVICE)
    wait_until(lambda: "restic" in server.run("sh", "-c", "pgrep -a restic | grep -- --tag || true"), "restic to be at work")
    try:
        yield
    finally:
        store.change_settings(upload_limit=0)


@contextmanager
def ending_until(asked: str) -> Iterator[None]:
    """Have the next snapshot that ends not be over until something is asked of the server, as Ansible's modules log it."""
    # What was asked is carried out after it was logged.
    script = f"""
        rm {LAST_STEP}; began=$(date +%s)
        until journalctl --since=@$((began + 1)) | grep -qF "{asked}"; do sleep 0.5; done
        sleep 2
        """
    server.run("sh", "-c", f"cat > {LAST_STEP}", stdin=script)
    server.run("sh", "-c", f"mkdir -p {os.path.dirname(DROP_IN)}; cat > {DROP_IN}", stdin=f"[Service]\nExecStopPost=-/bin/sh {LAST_STEP}\n")
    server.run("systemctl", "daemon-reload")
    try:
        yield
    finally:
        server.shell(f"rm -f {LAST_STEP} {DROP_IN}; systemctl daemon-reload")


def test_a_store_that_is_gone_is_told_and_the_next_snapshot_is_green_again() -> None:
    store.shell("systemctl stop ssh.socket ssh 2>/dev/null || true; mv /srv/keeper/.ssh /srv/keeper/gone; systemctl start ssh")
    try:
        done = type_in(SNAPSHOT)
    finally:
        # Anew, since an sshd turns an address away for a while after refused logins (PerSourcePenalties).
        store.shell("mv /srv/keeper/gone /srv/keeper/.ssh; systemctl restart ssh")
    assert done.code != 0
    assert f"Repository {store.LOCATION}: the store refuses this server." in " ".join(done.output.split())
    last = server.ledger()[-1]
    assert (last["action"], last["result"]) == ("snapshot", "failed")
    assert "the store refuses this server" in last["error"]
    assert store.known()["troubles"]["snapshot"]["kind"] == "refused"
    assert store.snapshot() == 0
    assert store.known().get("troubles", {}) == {}


def test_one_that_is_killed_leaves_nothing_in_the_way_of_the_next() -> None:
    with on_the_way():
        server.run("systemctl", "kill", "--signal=KILL", store.SERVICE)
        wait_until(lambda: store.service() == "failed", "it to be dead")
    before = store.known()["snapshot"]["id"]
    assert store.snapshot() == 0
    assert store.known()["snapshot"]["id"] != before
    assert type_in(PRUNE).code == 0, "the lock of the dead one keeps nobody out"


def test_one_that_is_typed_meanwhile_has_what_was_written_since() -> None:
    """systemd would join the two, and tell of the first as if it were the second."""
    with on_the_way(), ending_until("is-active"):
        store.psql("INSERT INTO filler SELECT 0, 'written after the dump of the first'")
        done = type_in(SNAPSHOT)
    assert done.code == 0
    found = store.manifest(store.snapshots()[-1]["id"])["databases"]["db_maymessenger"]["dump"]["tables"]["public.filler"]
    assert found == int(store.psql("SELECT count(*) FROM filler"))


def nginx_of(snapshot: str) -> str:
    """Return the proxy's configuration as a snapshot has it."""
    content: str = store.ask(f"print(one.read({snapshot!r}, wanted.staging + '/backup/files/nginx/nginx.conf').decode())")
    return content


def test_a_deploy_in_the_middle_ends_well_and_so_does_the_snapshot() -> None:
    with on_the_way():
        done = type_in("ansible-playbook -i inventories/production deploy.yml -e proxy_body_size=53m")
        assert done.code == 0
    store.wait_for_snapshot()
    assert "53m" in nginx_of(store.snapshots()[-1]["id"]), "what went live meanwhile has a snapshot of its own"
    assert [entry["result"] for entry in server.ledger()[-1:]] == ["deployed"]


def test_a_deploy_while_one_is_ending_has_a_snapshot_of_its_own() -> None:
    """systemd would join the two."""
    with ending_until(f"Invoked with name={store.SERVICE}"):
        server.run("systemctl", "start", "--no-block", store.SERVICE)
        wait_until(lambda: store.service() == "deactivating", "the snapshot to be ending", seconds=120)
        done = type_in("ansible-playbook -i inventories/production deploy.yml -e proxy_body_size=54m")
        assert done.code == 0
    store.wait_for_snapshot()
    assert "54m" in nginx_of(store.snapshots()[-1]["id"])


def test_one_flipped_byte_is_found_and_told() -> None:
    pack = store.shell(f"find {store.DATA} -type f -size +1M | head -n 1").strip()
    flip = f"python3 -c \"p='{pack}'; d=bytearray(open(p,'rb').read()); d[len(d)//2]^=1; open(p,'wb').write(d)\""
    store.shell(f"chmod u+w {pack}; {flip}")
    try:
        done = type_in(CHECK)
    finally:
        store.shell(flip)
    assert done.code != 0
    assert "it is damaged" in " ".join(done.output.split())
    assert server.ledger()[-1]["action"] == "repository check"
    assert type_in(CHECK).code == 0
    assert store.known()["check"]["parts"] == 1


def test_locks_can_be_removed() -> None:
    assert type_in(UNLOCK).code == 0


def test_a_store_that_lets_nothing_be_removed_is_brought_to_as_well() -> None:
    before = json.loads(server.run("cat", store.SETTINGS))
    store.change_settings(repositories=[f"rest:http://{store.STORE}:8000/one"], append_only=True)
    try:
        assert store.snapshot() == 0
        assert len(store.snapshots()) == 1
        assert type_in(PRUNE).code == 0
    finally:
        store.change_settings(**before)
