"""The server's secrets: generated once, kept for ever, shown never."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.rarebooks.platform.plugins.module_utils._base import published_secrets
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import plan
from ansible_collections.rarebooks.platform.plugins.modules import secret_store
from docker_cli import Database, DockerCli


class Store:
    """A store on a pretended server, and the module."""

    def __init__(self, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.path, self._capsys = path, capsys
        self.output = ""

    def run(self, *secrets: dict[str, Any], **options: Any) -> dict[str, Any]:
        with patch_module_args({"path": str(self.path), "secrets": list(secrets), **options}), pytest.raises(SystemExit):
            secret_store.main()
        self.output = self._capsys.readouterr().out
        result: dict[str, Any] = json.loads(self.output)
        return result

    @property
    def values(self) -> dict[str, str]:
        loaded: dict[str, str] = json.loads(self.path.read_text())
        return loaded

    @property
    def mode(self) -> int:
        return self.path.stat().st_mode & 0o7777


@pytest.fixture
def store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Store:
    return Store(tmp_path / "opt/secrets.json", capsys)


def test_missing_secrets_are_generated_once(store: Store) -> None:
    umask = os.umask(0)
    try:
        first = store.run({"name": "db"}, {"name": "jwt", "length": 64})
    finally:
        os.umask(umask)
    assert first["changed"] and first["generated"] == ["db", "jwt"] and first["stored"] == []
    assert {name: len(value) for name, value in store.values.items()} == {"db": 32, "jwt": 64}
    assert store.mode == 0o600 and store.path.parent.stat().st_mode & 0o7777 == 0o755
    before, status = store.values, store.path.stat()
    again = store.run({"name": "db"}, {"name": "jwt", "length": 64})
    assert not again["changed"] and again["generated"] == []
    assert store.values == before and store.path.stat() == status


def test_generated_values_need_no_quoting_and_differ() -> None:
    values = {secret_store.generate(32) for _ in range(100)}
    assert len(values) == 100
    assert all(value.isascii() and value.isalnum() and len(value) == 32 for value in values)


def test_a_given_value_is_stored_and_kept_when_no_longer_given(store: Store) -> None:
    given = store.run({"name": "db", "value": "correct-horse"}, {"name": "jwt"})
    assert given["stored"] == ["db"] and given["generated"] == ["jwt"]
    assert not store.run({"name": "db", "value": "correct-horse"}, {"name": "jwt"})["changed"]
    assert not store.run({"name": "db"}, {"name": "jwt"})["changed"]
    assert store.values["db"] == "correct-horse"
    other = store.run({"name": "db", "value": "battery-staple"})
    assert other["stored"] == ["db"] and store.values["db"] == "battery-staple"


def test_a_fixed_secret_takes_no_other_value(store: Store) -> None:
    assert store.run({"name": "db", "fixed": True}, {"name": "jwt"})["generated"] == ["db", "jwt"]
    before = store.values
    refused = store.run({"name": "db", "fixed": True, "value": "battery-staple"}, {"name": "jwt", "value": "correct-horse"})
    assert refused["failed"] and f"\ndb: expected the value in {store.path}, " in refused["msg"]
    assert store.values == before
    assert "battery-staple" not in store.output and before["db"] not in store.output
    assert not store.run({"name": "db", "fixed": True, "value": before["db"]})["changed"]


def test_a_secret_no_longer_listed_is_kept(store: Store) -> None:
    store.run({"name": "old", "value": "correct-horse"})
    assert not store.run()["changed"]
    assert store.run({"name": "new"})["generated"] == ["new"]
    assert store.values["old"] == "correct-horse"


def test_no_value_is_shown(store: Store) -> None:
    for value in ("correct-horse", "battery-staple"):
        result = store.run({"name": "db", "value": value}, {"name": "jwt"}, _ansible_diff=True)
        assert "db: ********" in result["diff"]["after"]
        # The invocation holds the parameters, masked.
        assert not any(secret in store.output for secret in (*store.values.values(), value))
    assert result["diff"]["before"] == "db: ********\njwt: ********\n"
    assert result["diff"]["after"] == "db: ********\njwt: ********\n# given anew: db\n"


def test_check_mode_predicts_and_writes_nothing(store: Store) -> None:
    predicted = store.run({"name": "db"}, {"name": "jwt", "value": "correct-horse"}, _ansible_check_mode=True)
    assert predicted["changed"] and predicted["generated"] == ["db"] and predicted["stored"] == ["jwt"]
    assert not store.path.parent.exists()


def test_a_file_others_can_read_is_closed(store: Store) -> None:
    store.run({"name": "db"})
    before = store.values
    store.path.chmod(0o644)
    previewed = store.run({"name": "db"}, _ansible_check_mode=True)
    assert previewed["changed"] and previewed["exposed"] and store.mode == 0o644
    assert store.run({"name": "db"})["changed"] and store.mode == 0o600
    assert not store.run({"name": "db"}, _ansible_check_mode=True)["exposed"]
    assert store.values == before and not store.run({"name": "db"})["changed"]


def test_a_damaged_file_is_never_replaced(store: Store) -> None:
    store.run({"name": "db"})
    store.path.write_text('{"db": "half a val')
    result = store.run({"name": "db"})
    assert result["failed"] and "Restore the file from a copy" in result["msg"] and "half a val" not in store.output
    assert store.path.read_text() == '{"db": "half a val'


PASSWORD = {"name": "db_password", "fixed": True, "database": "db"}
DATABASES = {
    "databases": [{"container": "db", "name": "Shop", "user": "postgres", "volume": "db_data"}],
    "project": "ours",
    "volumes": ["ours_db_data"],
}


def describe(store: Store, user: str) -> None:
    """Let the live release say with which user it logs in."""
    database = {"container": "db", "name": "Shop", "user": user}
    description = {"apps": [{"name": "shop", "containers": ["db"], "databases": [database]}]}
    (store.path.parent / "release.json").write_text(json.dumps(description))


@pytest.fixture
def docker(monkeypatch: pytest.MonkeyPatch) -> DockerCli:
    """A server whose volume was initialised by hand."""
    cli = DockerCli(db=Database("ours_db_data", {"POSTGRES_PASSWORD": "made-by-hand"}, {"postgres": "made-by-hand"}))
    monkeypatch.setattr(secret_store.UnloggedModule, "run_command", lambda _module, argv, **options: cli(argv, **options))
    return cli


def test_the_password_of_an_initialised_volume_is_taken_and_never_generated(store: Store, docker: DockerCli) -> None:
    predicted = store.run(PASSWORD, {"name": "jwt"}, _ansible_check_mode=True, **DATABASES)
    assert (predicted["taken"], predicted["generated"], predicted["changed"]) == (["db_password"], ["jwt"], True)
    assert not store.path.exists()
    done = store.run(PASSWORD, {"name": "jwt"}, _ansible_diff=True, **DATABASES)
    assert (done["taken"], done["generated"], done["stored"]) == (["db_password"], ["jwt"], [])
    assert store.values["db_password"] == "made-by-hand" and "made-by-hand" not in store.output
    assert done["diff"]["after"].endswith("# taken from container db: db_password\n")
    describe(store, "postgres")
    docker.commands.clear()
    again = store.run(PASSWORD, {"name": "jwt"}, **DATABASES)
    assert not again["changed"] and again["taken"] == [] and docker.commands == []


def test_a_given_value_that_opens_the_database_replaces_a_wrong_one(store: Store, docker: DockerCli) -> None:
    """A version that generated passwords for initialised volumes left the wrong ones stored, and then refused the right ones."""
    store.path.parent.mkdir()
    store.path.write_text('{"db_password": "once-generated"}')
    wrong = store.run({**PASSWORD, "value": "neither-of-them"}, **DATABASES)
    assert wrong["failed"] and wrong["msg"].startswith("Nothing has been changed.\ndb_password: expected the password of the database")
    assert store.values == {"db_password": "once-generated"}
    assert store.run({**PASSWORD, "value": "made-by-hand"}, **DATABASES)["stored"] == ["db_password"]
    assert store.values == {"db_password": "made-by-hand"}
    store.path.write_text('{"db_password": "once-generated"}')
    assert store.run(PASSWORD, **DATABASES)["taken"] == ["db_password"]
    assert store.values == {"db_password": "made-by-hand"}


def test_nothing_is_stored_where_one_password_is_refused(store: Store, docker: DockerCli) -> None:
    docker.databases["db"].status = "exited"
    refused = store.run(PASSWORD, {"name": "jwt", "value": "correct-horse"}, **DATABASES)
    assert refused["failed"] and "docker start db" in refused["msg"] and not store.path.exists()


@pytest.mark.parametrize("user", ["postgres", "shop"])
def test_another_user_is_noticed_by_what_the_live_release_says(user: str, store: Store, docker: DockerCli) -> None:
    store.path.parent.mkdir()
    store.path.write_text('{"db_password": "made-by-hand"}')
    describe(store, "postgres")
    wanted = {**DATABASES, "databases": [{**DATABASES["databases"][0], "user": user}]}  # type: ignore[dict-item]
    result = store.run(PASSWORD, **wanted)
    assert result.get("failed", False) == (user == "shop") and bool(docker.commands) == (user == "shop")


def test_a_lost_store_is_read_back_from_the_live_files(store: Store, docker: DockerCli) -> None:
    """Else both apps get passwords that open nothing, and keys that end every session."""
    files = {"app.env": "Key=@secret(jwt)@\n", "db.env": "Password=@secret(db_password)@\n"}
    owned = {name: plan.Owned("0" * 64, "0600", source) for name, source in files.items()}
    store.path.parent.mkdir()
    (store.path.parent / plan.MANIFEST).write_bytes(plan.dump_manifest(owned))
    (store.path.parent / "app.env").write_text("Key=the-key-of-today\n")
    (store.path.parent / "db.env").write_text("Password=made-by-hand\n")
    done = store.run(PASSWORD, {"name": "jwt"}, {"name": "new"}, **DATABASES)
    assert (done["taken"], done["generated"]) == (["db_password", "jwt"], ["new"])
    assert (store.values["db_password"], store.values["jwt"]) == ("made-by-hand", "the-key-of-today")
    assert [command[1] for command in docker.commands] == ["container", "exec"]


KEY = {"name": "jwt", "length": 64, "taken_from": {"container": "backend", "variable": "Jwt__Key"}}
IN_FORCE = "the-key-of-today"


@pytest.fixture
def backend(docker: DockerCli) -> Database:
    """An app that was made with a key."""
    docker.databases["backend"] = Database("ours_images", {"Jwt__Key": IN_FORCE})
    return docker.databases["backend"]


def known_to_all(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setattr(published_secrets, "PUBLISHED_SECRETS", {hashlib.sha256(value.encode()).hexdigest()})


def own(store: Store) -> None:
    """Let a deploy have made what is live."""
    owned = {"docker-compose.yml": plan.Owned("0" * 64, "0644", None)}
    store.path.parent.mkdir(exist_ok=True)
    (store.path.parent / plan.MANIFEST).write_bytes(plan.dump_manifest(owned))


@pytest.mark.usefixtures("backend")
def test_a_key_in_force_is_taken_and_never_generated(store: Store) -> None:
    predicted = store.run(KEY, project="ours", _ansible_check_mode=True, _ansible_diff=True)
    assert (predicted["taken"], predicted["generated"], store.path.exists()) == (["jwt"], [], False)
    assert predicted["diff"]["after"] == "jwt: ********\n# taken from container backend: jwt\n"
    done = store.run(KEY, project="ours")
    assert (done["taken"], done["generated"], done["published"]) == (["jwt"], [], []) and store.values == {"jwt": IN_FORCE}
    assert IN_FORCE not in store.output
    again = store.run(KEY, project="ours")
    assert not again["changed"] and again["taken"] == []


@pytest.mark.usefixtures("backend")
def test_a_given_key_goes_before_the_one_in_force(store: Store) -> None:
    done = store.run({**KEY, "value": "battery-staple"}, project="ours")
    assert (done["taken"], done["stored"]) == ([], ["jwt"]) and store.values == {"jwt": "battery-staple"}


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("ours", [True, False])
def test_what_is_stored_goes_before_it_where_it_was_ever_in_force(ours: bool, store: Store) -> None:
    store.run({**KEY, "value": "generated-once"}, project="ours")
    if ours:
        own(store)
    assert store.run(KEY, project="ours")["taken"] == ([] if ours else ["jwt"])
    assert store.values == {"jwt": "generated-once" if ours else IN_FORCE}


@pytest.mark.parametrize("difference", [{"project": "other"}, {"project": ""}, {"environment": {}}])
def test_nothing_is_taken_from_what_is_not_ours_or_does_not_have_it(difference: dict[str, Any], store: Store, backend: Database) -> None:
    for name, value in difference.items():
        setattr(backend, name, value)
    assert store.run(KEY, project="ours")["generated"] == ["jwt"]


def test_a_key_that_no_file_could_carry_is_refused(store: Store, backend: Database) -> None:
    backend.environment["Jwt__Key"] = "two\nlines"
    refused = store.run(KEY, project="ours")
    assert refused["msg"].startswith(
        "Nothing has been changed.\njwt: expected a value of one line without control characters in Jwt__Key of"
    )
    assert not store.path.exists()


@pytest.mark.usefixtures("backend")
def test_a_published_key_is_taken_where_that_is_allowed_and_told_of_ever_after(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    known_to_all(monkeypatch, IN_FORCE)
    assert store.run(KEY, project="ours", _ansible_check_mode=True)["generated"] == ["jwt"]
    own(store)
    done = store.run(KEY, project="ours", allow_published=True)
    assert done["taken"] == ["jwt"] and store.values == {"jwt": IN_FORCE}
    again = store.run(KEY, project="ours")
    assert not again["changed"] and done["published"] == again["published"]
    assert again["published"] == [
        "jwt was printed in the public deployment guide, so that everybody knows it. Rotate it: "
        "ansible-playbook rotate_secrets.yml -e secret=jwt"
    ]


def test_a_published_password_is_taken_where_that_is_allowed(store: Store, docker: DockerCli, monkeypatch: pytest.MonkeyPatch) -> None:
    known_to_all(monkeypatch, "made-by-hand")
    assert "printed in the public deployment guide" in store.run(PASSWORD, **DATABASES)["msg"] and not store.path.exists()
    done = store.run(PASSWORD, allow_published=True, **DATABASES)
    assert done["taken"] == ["db_password"] and store.values == {"db_password": "made-by-hand"}
    [line] = done["published"]
    assert "Rotate it: ansible-playbook rotate_secrets.yml -e secret=db_password" in line and "made-by-hand" not in store.output
