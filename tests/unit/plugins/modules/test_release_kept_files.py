"""Files that an app writes outside of its volumes outlive its container: into a release, through it, and back to one made by hand."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import container_files
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import kept_files
from machine import Machine
from memory_engine import PROJECT, File

PATH = "/app/settings.json"
COPIED = "/app/settings.json of web: kept on the server as {}, as container web has it today."


class Shop(Machine):
    """A server whose app notes in a file of its container that it has been set up."""

    keeps = True

    def description(self, *more: str, database: bool = True) -> dict[str, Any]:
        described = super().description(*more, database=database)
        if self.keeps:
            described["apps"][0]["kept_files"] = [{"container": "web", "path": PATH}]
        return described

    def files(self, number: int, *more: str) -> list[dict[str, str]]:
        files = super().files(number, *more)
        if self.keeps:
            compose = json.loads(files[0]["content"])
            mount = {"type": "bind", "source": f"./files/web{PATH}", "target": PATH, "bind": {"create_host_path": False}}
            compose["services"]["web"]["volumes"] = [mount]
            files[0]["content"] = json.dumps(compose)
        return files

    def start_by_hand(self) -> None:
        images = {"nginx": "nginx:1", "db": "postgres:15", "web": "web:1"}
        services = {name: {"image": image, "container_name": name, "expose": ["80"]} for name, image in images.items()}
        file = self.root / "docker-compose.yml"
        file.write_text(json.dumps({"services": services}))
        self.compose(["docker", "compose", "--file", str(file), "--project-name", PROJECT, "up"])
        self.postgres.write("db", "chat", "Users", 3)

    def write(self, text: str, mode: int = 0o640, path: str = PATH) -> None:
        """Let the app write its file, which its container has by itself."""
        self.engine.files.setdefault(self.id, {})[path] = (text.encode(), mode, os.geteuid(), os.getegid())

    def take(self, number: int = 1, **options: Any) -> dict[str, Any]:
        """Deploy over what is there, with a way back."""
        run = self.run()
        sealed = self.seal(run, successor=self.description())
        self.sealed = sealed["id"]
        return self.switch(run, files=self.files(number), backup=sealed["id"], **options)

    @property
    def id(self) -> str:
        return str(self.engine.running["web"]["Id"])

    @property
    def own(self) -> File | None:
        """Return the file in the container's own file system."""
        return self.engine.files.get(self.id, {}).get(PATH)

    @property
    def kept(self) -> Path:
        return self.root / "files/web" / PATH.lstrip("/")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shop:
    machine = Shop(tmp_path, monkeypatch, capsys)
    machine.image(1)
    machine.start_by_hand()
    machine.write("set up")
    return machine


def test_it_is_copied_before_the_container_is_replaced_and_mounted(shop: Shop) -> None:
    before, tree = shop.id, shop.tree
    previewed = shop.deploy(1, check=True)
    assert (shop.id, shop.tree, previewed["notes"]) == (before, tree, [COPIED.format(shop.kept)])
    done = shop.take()
    assert not done.get("failed"), done["msg"]
    assert done["notes"] == previewed["notes"] and shop.id != before
    assert shop.kept.read_text() == "set up" and shop.kept.stat().st_mode & 0o7777 == 0o640
    assert (shop.root / "files").stat().st_mode & 0o7777 == 0o700
    assert shop.engine.running["web"]["Mounts"] == [{"Type": "bind", "Source": str(shop.kept), "Destination": PATH}]


def test_its_owner_stays_the_same(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    owners: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "fchown", lambda _descriptor, uid, gid: owners.append((uid, gid)))
    shop.engine.files[shop.id][PATH] = (b"set up", 0o600, 1654, 1655)
    shop.take()
    assert (1654, 1655) in owners


def test_from_then_on_the_one_on_the_server_is_in_force_through_releases_and_back(shop: Shop) -> None:
    shop.take()
    assert shop.deploy(1)["changed"] is False
    shop.kept.write_text("written by the release")
    shop.image(2)
    assert "notes" in shop.deploy(2)
    assert shop.images["web"] == "web:2" and shop.kept.read_text() == "written by the release"
    shop.kept.write_text("written by the second release")
    assert not shop.rollback(next(iter(sorted(p.name for p in (shop.root / "backups").iterdir() if p.name != shop.sealed)))).get("failed")
    assert shop.kept.read_text() == "written by the second release"


def test_a_rollback_to_containers_made_by_hand_gives_it_back_before_they_start(shop: Shop) -> None:
    shop.take()
    shop.kept.write_text("newer")
    shop.engine.events.clear()
    back = shop.rollback(shop.sealed)
    assert not back.get("failed"), back["msg"]
    assert shop.own == (b"newer", 0o640, os.geteuid(), os.getegid())
    assert f"/app/settings.json of web: put into the container as {shop.kept} is, since this release does not mount it." in back["notes"]
    assert shop.engine.events.index("put web") < shop.engine.events.index("start web")


def test_a_failed_deploy_gives_it_back_as_well(shop: Shop) -> None:
    shop.image(2, turns_out="unhealthy")
    failed = shop.take(2)
    assert failed["failed"] and failed["restored"] == shop.sealed, failed["msg"]
    assert shop.images["web"] == "web:1" and shop.own is not None and shop.own[0] == b"set up"


@pytest.mark.parametrize("step", ["keep", "give_back", "write"])
def test_a_run_that_dies_on_the_way_loses_nothing(step: str, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_arguments: Any) -> None:
        raise KeyboardInterrupt

    if step != "keep":
        shop.take()
        shop.kept.write_text("newer")
    with monkeypatch.context() as dying:
        dying.setattr(container_files if step == "write" else kept_files, step, die)
        with pytest.raises(KeyboardInterrupt):
            shop.take() if step == "keep" else shop.rollback(shop.sealed)
    assert not shop.rollback(shop.sealed).get("failed") if step != "keep" else not shop.take().get("failed")
    if step == "keep":
        assert shop.kept.read_text() == "set up"
    else:
        assert shop.own is not None and shop.own[0] == b"newer"


def test_what_a_container_made_by_hand_wrote_since_is_newer(shop: Shop) -> None:
    shop.take()
    shop.rollback(shop.sealed)
    shop.write("newest")
    done = shop.take()
    assert not done.get("failed"), done["msg"]
    assert shop.kept.read_text() == "newest"
    [aside] = (shop.root / "files/.before/web/app").iterdir()
    assert aside.read_text() == "set up" and any(str(aside) in note for note in done["notes"])
    assert [one.container for one in kept_files.on_server(str(shop.root))] == ["web"]


def test_what_a_container_only_has_of_its_image_is_not(shop: Shop) -> None:
    shop.take()
    shop.rollback(shop.sealed)
    shop.engine.files[shop.engine.running["web"]["Image"]] = {PATH: (b"as shipped", 0o644, 0, 0)}
    del shop.engine.files[shop.id]
    assert not shop.take().get("failed")
    assert shop.kept.read_text() == "set up"


def test_a_server_without_the_container_gets_it_from_the_image(shop: Shop) -> None:
    shop.engine.files = {shop.engine.tags["web:1"]: {PATH: (b"as shipped", 0o644, os.geteuid(), os.getegid())}}
    shop.engine.containers.get("web").remove(force=True)
    done = shop.take()
    assert not done.get("failed"), done["msg"]
    assert shop.kept.read_text() == "as shipped" and list(shop.engine.running) == ["nginx", "db", "web"]


def test_where_nothing_has_it_the_deploy_stops_before_anything_changes(shop: Shop) -> None:
    del shop.engine.files[shop.id]
    before, tree = shop.id, shop.tree
    refused = shop.take()
    assert refused["msg"].startswith("/app/settings.json of web: expected a file to keep, got none: neither is there ")
    assert refused["msg"].endswith("Nothing has been changed.") and (shop.id, shop.tree) == (before, tree)


def test_a_service_that_does_not_mount_it_is_refused(shop: Shop) -> None:
    files = [{**one, "content": one["content"].replace(PATH, "/elsewhere")} if "compose" in one["path"] else one for one in shop.files(1)]
    before = shop.id
    refused = shop.deploy(1, files=files)
    assert "expected its service to mount what kept_files keeps" in refused["msg"] and shop.id == before


def test_one_that_changes_all_the_time_is_no_copy(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = iter(range(100))

    def read(_client: Any, _container: str, _path: str) -> container_files.Content:
        return container_files.Content(str(next(contents)).encode(), 0o600, os.geteuid(), os.getegid())

    monkeypatch.setattr(container_files, "read", read)
    failed = shop.take()
    assert failed["failed"] and "got something else 3 times" in failed["msg"]


def test_no_longer_kept_it_goes_into_the_container(shop: Shop) -> None:
    shop.take()
    shop.kept.write_text("newer")
    shop.keeps = False
    assert not shop.deploy(1).get("failed")
    assert shop.own is not None and shop.own[0] == b"newer" and shop.engine.running["web"]["Mounts"] == []


@pytest.mark.parametrize("let_go", [[], ["file web /app/other.json"]])
def test_an_adoption_decides_about_every_file(let_go: list[str], shop: Shop) -> None:
    shop.write("else", path="/app/other.json")
    shop.write("noise", path="/tmp/x")
    shop.engine.files[shop.engine.running["nginx"]["Id"]] = {"/etc/nginx/conf.d/default.conf": (b"", 0o644, 0, 0)}
    done = shop.take(adopt=True, let_go=let_go)
    assert done.get("failed", False) == (not let_go), done
    if not let_go:
        assert "- file web /app/other.json\n" in done["msg"] and "settings.json" not in done["msg"] and "nginx" not in done["msg"]


def test_a_carried_container_has_its_own_until_it_is_replaced(shop: Shop) -> None:
    assert shop.take(adopt=True)["carried"] == ["db", "web"]
    assert shop.kept.read_text() == "set up"
    # Should somebody have the container replaced by hand, that one finds what was there at the last deploy, changed or not.
    shop.write("written since")
    noted = COPIED.format(shop.kept)
    previewed = shop.deploy(1, check=True)
    assert (previewed["changed"], previewed["started"], shop.kept.read_text()) == (True, [], "set up") and noted in previewed["notes"]
    unchanged = shop.deploy(1)
    assert (unchanged["changed"], unchanged["started"]) == (True, []) and noted in unchanged["notes"]
    assert shop.kept.read_text() == "written since"
    assert shop.deploy(1)["changed"] is False
    shop.write("written after the adoption")
    shop.image(2)
    assert shop.deploy(2)["started"] == ["web"]
    assert shop.kept.read_text() == "written after the adoption"
