"""Each deploy, and a timer, bring everything to the store; the second time nearly nothing of it is new."""

from __future__ import annotations

import json
import re

import server
import store
from apps import Written
from printed import CHECK_PASSWORD, SHOW, SHOW_PASSWORD, SNAPSHOT
from support import wait_until
from terminal import type_in

MIB = 1 << 20
PICTURES = "/var/lib/docker/volumes/rarebooksdokploy_collection_images/_data"
# Rows that take as much room as they seem to, so that what is new of them shows.
FILL = (
    "CREATE TABLE filler AS SELECT n, md5(n::text) || md5((n + 1)::text) || md5((n + 2)::text) || md5((n + 3)::text) AS text "
    "FROM generate_series(1, 300000) AS n"
)


def test_the_deploy_had_a_snapshot_made() -> None:
    wait_until(lambda: bool(store.known().get("snapshot")), "the first snapshot")
    assert store.known().get("troubles", {}) == {}
    assert server.run("systemctl", "is-enabled", "rarebooks-offsite.timer", "rarebooks-offsite-check.timer").split() == ["enabled"] * 2


def test_a_snapshot_has_rows_pictures_secrets_and_images(written: Written) -> None:
    server.run("sh", "-c", f"head -c 20000000 /dev/urandom > {PICTURES}/large.jpg")
    store.psql(FILL)
    done = type_in(SNAPSHOT)
    assert done.code == 0
    newest = store.snapshots()[-1]
    identifier = newest["id"]
    said = json.loads(store.ask(f"print(one.read({identifier!r}, wanted.staging + '/snapshot.json').decode())"))
    assert f"backup:{said['backup']}" in newest["tags"]
    entry = store.manifest(identifier)["databases"]["db_maymessenger"]
    assert entry["dump"]["tables"]["public.filler"] == 300000
    assert entry["proof_seconds"] is not None
    assert store.sha256_in(identifier, f"{PICTURES}/large.jpg") == store.sha256(f"{PICTURES}/large.jpg")
    assert store.sha256_in(identifier, said["files"]["secrets"]) == store.sha256(server.SECRETS)
    saved = {image["id"] for image in said["images"] if image["saved"]}
    there = json.loads(store.ask("print(json.dumps([t for s in one.snapshots() for t in s.tags if t.startswith('image:')]))"))
    assert sorted(there) == sorted({f"image:{one}" for one in saved}), "each image once"
    assert "backend" in " ".join(image["name"] for image in said["images"] if image["saved"])
    assert server.run("ls", "/var/lib/rarebooks.platform/offsite").split() == ["state.json", "state.json.lock"], "nothing stays staged"


def test_the_same_again_adds_nearly_nothing() -> None:
    before = store.known()["snapshot"]
    assert store.snapshot() == 0
    taken = store.known()["snapshot"]
    assert taken["id"] != before["id"]
    assert taken["total"] > 55 * MIB
    # Each dump begins with its time, so that the first piece of each is new, of about 1 MiB: nothing beside a database of some size.
    pieces = 3 * 2 * MIB
    assert taken["added"] <= taken["total"] * 0.02 + pieces, f"{taken['added'] >> 10} KiB of {taken['total'] >> 20} MiB"


def test_the_password_is_shown_once_and_can_be_checked() -> None:
    shown = type_in(SHOW_PASSWORD)
    assert shown.code == 0
    (password,) = set(re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{8}){7}", shown.output))
    assert "password manager" in shown.output
    right, wrong = (type_in(CHECK_PASSWORD.replace("WHAT-YOU-KEPT", text)) for text in (password, "guessed"))
    assert (right.code, wrong.code) == (0, 2)
    assert "yes, this is the password of the repositories" in right.output
    assert "no, this is not the password of the repositories" in wrong.message()
    assert password not in type_in(f"{SHOW} -vvv").output


def test_whoever_looks_sees_how_it_is() -> None:
    looked = type_in(SHOW)
    assert looked.code == 0
    taken = store.known()["snapshot"]
    assert store.LOCATION in looked.output
    assert f"{taken['at']}, backup {taken['backup']}" in looked.output
    assert "Their password is on this server alone" in looked.output


def test_a_deploy_finds_everything_as_it_is() -> None:
    done = type_in("ansible-playbook -i inventories/production deploy.yml --check --diff")
    assert (done.code, done.recap()["changed"]) == (0, 0)
