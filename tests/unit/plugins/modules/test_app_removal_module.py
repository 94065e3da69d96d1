"""The module app_removal over an engine in memory: what is an app's alone goes, what it shares stays, and a failure puts its site back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import docker.errors
import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import carried
from ansible_collections.rarebooks.platform.plugins.module_utils._operate import remove
from ansible_collections.rarebooks.platform.plugins.module_utils._release import journal, stopped
from ansible_collections.rarebooks.platform.plugins.module_utils._run.ledger import Run
from ansible_collections.rarebooks.platform.plugins.modules import app_removal
from machine import Machine
from memory_engine import PROJECT

BLOCK = "  - path: compose/{}.yml\n    project_directory: .\n"
COMPOSE = {
    "proxy": "services: {nginx: {}}\n",
    "chat": "services: {db: {env_file: ./env/db.env}, web: {volumes: ['./chat/config:/config', './shared:/shared']}}\n",
    "blog": "services: {blog: {env_file: ./env/blog.env, volumes: ['./shared:/shared']}}\n",
}
CHATS = ["chat/config/a.json", "compose/chat.yml", "env/db.env", "nginx/sites/chat.conf"]


class Two(Machine):
    """A server with a chat and a blog."""

    def files(self, number: int, *more: str) -> list[dict[str, str]]:
        compose, stated, _site = super().files(number, *more)
        names = ["proxy", "chat", *more]
        services = json.loads(compose["content"])["services"]
        services["db"]["networks"], services["web"]["networks"] = {"chats": None}, {"net": None, "chats": None}
        networks = {"net": {"name": "net"}, "chats": {"name": f"{PROJECT}_chats", "internal": True}}
        head = f"services: {json.dumps(services)}\nnetworks: {json.dumps(networks)}\ninclude:\n"
        release = json.loads(stated["content"])
        for app in release["apps"]:
            app |= {"volumes": [f"{app['name']}_data", "common"], "server_names": [], "certificate": ""}
            app["databases"] = [{**one, "volume": "chat_data"} for one in app["databases"]]
        release["apps"][0]["databases"][0]["network"] = "chats"
        release["sources"] = {"chat": "d1"}
        extra = {"env/db.env": "A=1\n", "env/blog.env": "B=1\n", "chat/config/a.json": "{}\n", "shared/x.txt": "x\n"}
        sites = {f"nginx/sites/{name}.conf": f"# {name}\n" for name in names[1:]}
        texts = {f"compose/{name}.yml": COMPOSE[name] for name in names} | sites | extra
        main = {"docker-compose.yml": head + "".join(BLOCK.format(name) for name in names)}
        main["release.json"] = json.dumps(release, indent=1, sort_keys=True) + "\n"
        return [{"path": path, "content": text} for path, text in sorted({**texts, **main}.items())]

    def remove(self, app: str = "chat", check: bool = False, **options: Any) -> dict[str, Any]:
        run = Run() if check else self.run(f"remove {app}")
        common: dict[str, Any] = {"proxy_record": str(self.root / ".loaded.json"), "proxy_paths": [str(self.root / "nginx")], "deadline": 1}
        common |= {"lease_directory": self.place.directory, "app": app, "run": run.to_dict(), "letsencrypt_path": str(self.root / "none")}
        return self.call(app_removal, **{**common, "_ansible_check_mode": check, "_ansible_diff": True, **options})


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Two:
    machine = Two(tmp_path, monkeypatch, capsys)
    machine.image(1)
    result = machine.deploy(1, "blog")
    assert not result.get("failed"), result["msg"]
    machine.engine.volume_names |= {f"{PROJECT}_{name}" for name in ("chat_data", "blog_data", "common")}
    return machine


def test_what_is_the_apps_alone_goes_and_the_rest_is_as_a_deploy_without_it(server: Two) -> None:
    blog = server.engine.running["blog"]["Id"]
    foretold, before = server.remove(check=True), server.tree
    assert server.tree == before and "web" in server.engine.running
    result = server.remove()
    assert not result.get("failed"), result["msg"]
    for key in ("changed", "containers", "files", "images", "certificate", "volumes", "kept_volumes", "networks"):
        assert foretold[key] == result[key], key
    # The blog runs the image web:1 as well.
    assert (result["containers"], result["files"], result["images"]) == (["db", "web"], CHATS, ["postgres:15"])
    assert (result["volumes"], result["kept_volumes"]) == ([], [f"{PROJECT}_chat_data"])
    assert result["networks"] == [f"{PROJECT}_chats"] and f"remove network {PROJECT}_chats" in server.engine.events
    assert set(server.engine.running) == {"blog", "nginx"} and server.engine.running["blog"]["Id"] == blog
    stated = json.loads(server.tree["release.json"])
    assert [app["name"] for app in stated["apps"]] == ["blog"] and stated["sources"] == {}
    assert server.tree["docker-compose.yml"] == before["docker-compose.yml"].replace(BLOCK.format("chat"), "")
    assert server.ledger[-1] == ("remove chat", "done") and journal.read(str(server.root)) is None
    assert server.remove()["result"] == "refused"


def test_a_deploy_with_it_brings_it_back(server: Two) -> None:
    server.remove()
    server.engine.has_image("postgres:15", "sha256:postgres:15")
    back = server.deploy(1, "blog")
    assert back["started"] == ["db", "web"] and set(back["reasons"].values()) == {"new"}


@pytest.mark.parametrize("check", [False, True])
def test_nothing_is_removed_behind_a_proxy_that_was_made_by_hand(server: Two, check: bool) -> None:
    carried.carry(str(server.root), {"nginx": (server.engine.running["nginx"]["Id"], "of its own file")})
    refused = server.remove(check=check)
    assert refused["result"] == "refused" and {"db", "web"} <= set(server.engine.running)
    assert "Where that names db, web, no site comes back over a reboot" in refused["msg"]
    assert refused["msg"].endswith("ansible-playbook deploy.yml -e stack_adopt_proxy=now")


def test_volumes_go_by_name_alone(server: Two) -> None:
    refused = server.remove(confirm="blog")
    assert refused["result"] == "refused" and "remove_confirm: expected chat" in refused["msg"] and "web" in server.engine.running
    removed = server.remove(confirm="chat")
    assert (removed["volumes"], removed["databases"]) == ([f"{PROJECT}_chat_data"], ["chat"])
    assert server.engine.volume_names == {f"{PROJECT}_blog_data", f"{PROJECT}_common"}


@pytest.mark.parametrize(
    ("meanwhile", "told"),
    [
        ("nothing", ""),
        ("a row", "database chat was written to after backup "),
        ("it fails", "database chat could not be asked what was written after backup "),
    ],
)
def test_rows_that_the_backup_has_not_do_not_go_with_their_volume(
    server: Two, monkeypatch: pytest.MonkeyPatch, meanwhile: str, told: str
) -> None:
    server.postgres.write("db", "chat", "message", 2)
    sealed = server.seal(server.run("remove chat"))["id"]
    remove_container = type(server.engine.containers.get("web")).remove

    def removed(container: Any, **options: Any) -> None:
        remove_container(container, **options)
        if container.name == "web" and meanwhile == "a row":  # Until it was stopped.
            server.postgres.write("db", "chat", "message")
        elif container.name == "web" and meanwhile == "it fails":
            server.engine.running["db"]["State"]["Status"] = "exited"

    monkeypatch.setattr(type(server.engine.containers.get("web")), "remove", removed)
    result = server.remove(confirm="chat", backup=sealed)
    volume = f"{PROJECT}_chat_data"
    assert {"db", "web"}.isdisjoint(server.engine.running) and (volume in server.engine.volume_names) is bool(told)
    assert (result["volumes"], result["kept_volumes"]) == (([], [volume]) if told else ([volume], []))
    assert len(result["notes"]) == bool(told)
    for note in result["notes"]:
        assert note.startswith(f"Volume {volume} was kept: {told}{sealed}") and note.endswith(f"docker volume rm {volume}")


def test_where_the_others_do_not_serve_nothing_is_removed(server: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    before, running = server.tree, set(server.engine.running)
    monkeypatch.setattr(remove.health, "wait_until_healthy", lambda *_a: (False, {"msg": "blog does not answer"}))
    result = server.remove()
    assert result["result"] == "restored" and "blog does not answer" in result["msg"] and "nothing has been removed" in result["msg"]
    assert server.tree == before and set(server.engine.running) == running and journal.read(str(server.root)) is None
    assert server.ledger[-1] == ("remove chat", "restored")


def test_where_it_cannot_be_told_whether_a_certificate_is_renewed_nothing_changes(server: Two, tmp_path: Path) -> None:
    stated = json.loads(server.tree["release.json"])
    stated["apps"][0]["certificate"] = "chat"
    (server.root / "release.json").write_text(json.dumps(stated))
    (tmp_path / "settings.json").write_text("{")
    before = server.tree
    result = server.remove(letsencrypt_path=str(tmp_path))
    assert result["failed"] and f"{tmp_path}/settings.json" in result["msg"] and server.tree == before


def test_a_tree_that_nginx_refuses_changes_nothing(server: Two) -> None:
    before = server.tree
    server.compose.answers["docker run"] = (1, "", "no such upstream")
    result = server.remove()
    assert result["result"] == "refused" and "no such upstream" in result["msg"]
    assert server.tree == before and "web" in server.engine.running and journal.read(str(server.root)) is None


@pytest.mark.parametrize(
    ("path", "refuses"), [("compose/blog.yml", True), ("nginx/sites/blog.conf", True), ("compose/chat.yml", False), ("env/db.env", False)]
)
def test_an_edit_of_another_app_does_not_come_into_force(server: Two, path: str, refuses: bool) -> None:
    (server.root / path).write_text("services: {}\n" if path.endswith("yml") else "# mine\n")
    if path == "compose/chat.yml":
        (server.root / path).write_text(COMPOSE["chat"] + "# mine\n")
    result = server.remove(check=True)
    assert (result.get("result") == "refused") == refuses, result
    assert not refuses or f"{path} (edited by hand" in result["msg"]


def test_the_only_app_and_an_unknown_one_are_refused(server: Two) -> None:
    assert "App shop: expected one of chat, blog" in server.remove("shop")["msg"]
    server.remove("blog")
    assert "expected another app beside it" in server.remove("chat")["msg"]


def test_one_that_was_cut_off_is_ended_by_the_next_deploy(server: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(stopped, "forget", die)
        server.remove()
    assert journal.unfinished(str(server.root)) is not None and "web" not in server.engine.running
    assert "a switch that was cut off" in server.remove()["msg"]
    back = server.deploy(1, "blog")
    assert back["interrupted"] and set(server.images) == {"blog", "db", "nginx", "web"} and journal.read(str(server.root)) is None


def test_containers_that_cannot_be_removed_are_left_to_a_deploy(server: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: Any, **_options: Any) -> None:
        raise docker.errors.APIError("the engine is broken")

    monkeypatch.setattr(type(server.engine.containers.get("web")), "remove", broken)
    result = server.remove()
    assert result["result"] == "failed" and "is broken" in result["msg"] and "deploy.yml" in result["msg"]
    assert server.ledger[-1] == ("remove chat", "failed") and journal.unfinished(str(server.root)) is not None


def test_a_volume_that_cannot_be_removed_is_told(server: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(server.engine.volumes.list()[0]), "remove", lambda _self: (_ for _ in ()).throw(OSError("in use")))
    result = server.remove(confirm="chat")
    assert not result.get("failed") and f"The volume {PROJECT}_chat_data could not be removed: in use" in result["notes"]
    assert (result["volumes"], result["kept_volumes"]) == ([], [f"{PROJECT}_chat_data"])
