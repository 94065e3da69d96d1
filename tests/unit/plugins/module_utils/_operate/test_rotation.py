"""An app gets other secrets everywhere at once, or keeps those it has everywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base.files import sha256
from ansible_collections.rarebooks.platform.plugins.module_utils._operate import rotation, standing
from ansible_collections.rarebooks.platform.plugins.module_utils._operate.standing import OperationError
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres import password
from ansible_collections.rarebooks.platform.plugins.module_utils._release import journal, stopped
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, Secret
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger, new_secrets
from ansible_collections.rarebooks.platform.plugins.module_utils._secrets import kept
from ansible_collections.rarebooks.platform.plugins.module_utils._tree.plan import LiveTree, Owned
from ansible_collections.rarebooks.platform.plugins.modules import secret_rotation
from chat import Chat

PASSWORD = {"name": "chat_db_password", "database": "db", "fixed": True, "length": 24}
FIRST = {"name": "chat_invite_code", "at_first_start": True}
STORED = {"chat_db_password": "first", "chat_invite_code": "code", "chat_key": "k" * 40}


class Rotating(Chat):
    """A machine whose release says which secrets its apps have."""

    def files(self, number: int, *more: str) -> list[dict[str, str]]:
        found = super().files(number, *more)
        described = json.loads(found[1]["content"])
        described["apps"][0]["secrets"] = [PASSWORD, FIRST]
        return [found[0], {**found[1], "content": json.dumps(described)}, *found[2:]]

    def rotate(self, check: bool = False, **options: Any) -> dict[str, Any]:
        run = self.run("rotate secrets")
        sealed = self.seal(run, databases="off")
        return self.call(
            secret_rotation,
            run=run.to_dict(),
            lease_directory=self.place.directory,
            backup=sealed["id"],
            secrets_file=str(self.secrets_file),
            proxy_record=str(self.root / ".loaded.json"),
            proxy_paths=[str(self.root / "nginx")],
            deadline=1,
            _ansible_check_mode=check,
            _ansible_diff=True,
            **{"app": "chat", **options},
        )


@pytest.fixture
def chat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rotating:
    chat = Rotating(tmp_path, monkeypatch, capsys)
    chat.store("first", chat_invite_code="code")
    chat.image(1)
    assert not chat.deploy(1, "blog").get("failed")
    return chat


def test_database_files_containers_and_store_change_together(chat: Rotating) -> None:
    blog = chat.engine.running["blog"]
    blog["State"]["Status"] = "exited"  # As somebody has stopped it: another app is none of its business.
    done = chat.rotate()
    assert (done["rotated"], done["databases"], done["started"]) == (["chat_db_password"], ["chat in db"], ["db", "web"])
    assert len(chat.stored["chat_db_password"]) == 24 and chat.accepts(chat.stored["chat_db_password"])
    assert chat.stored["chat_invite_code"] == "code" and "chat_invite_code is read by the app" in done["kept"][0]
    assert chat.engine.running["blog"] is blog and blog["State"]["Status"] == "exited"
    assert chat.ledger[-1] == ("rotate secrets", "done") and chat.journal is None and not (chat.root / new_secrets.FILE).exists()
    assert chat.stored["chat_db_password"] not in json.dumps(done)


def test_the_release_of_before_is_the_previous_one(chat: Rotating) -> None:
    chat.rotate()
    backup = ledger.read(str(chat.root))[0][-1]["backup"]
    chat.rollback(backup)
    assert chat.accepts("first")


def test_after_a_rollback_over_it_the_password_of_then_is_masked(chat: Rotating) -> None:
    chat.rotate()
    backup = ledger.read(str(chat.root))[0][-1]["backup"]
    chat.engine.turns_out[chat.engine.image("web:1")] = "exited"
    chat.engine.log = b"cannot log in with first\n"
    failed = chat.rollback(backup)
    assert failed["failed"] and "cannot log in with ********" in failed["msg"], failed["msg"]
    chat.engine.turns_out[chat.engine.image("web:1")] = "healthy"
    assert "It is not the one in the store of secrets" in " ".join(chat.rollback(backup)["notes"])
    assert "first" in kept.live_masks(str(chat.root), chat.stored).values()


def test_after_a_rollback_over_it_no_other_secret_of_then_changes(tmp_path: Path) -> None:
    """The password of then is that which the database has again; the store has another one."""
    (tmp_path / "web.env").write_text("P=first\nK=then\n")
    owned = Owned(sha256(b"P=first\nK=then\n"), 0o600, "P=@secret(password)@\nK=@secret(key)@\n")
    stored = {"password": "second", "key": "later"}
    _owned, data = standing._owned("web.env", owned, LiveTree(str(tmp_path)), {"key": "new"}, stored, lambda _path, text: text)
    assert data == b"P=first\nK=new\n"


def test_a_given_one_is_taken(chat: Rotating) -> None:
    done = chat.rotate(values={"chat_db_password": "given-in-inventory"})
    assert done["changed"] and chat.accepts("given-in-inventory") and chat.stored["chat_db_password"] == "given-in-inventory"
    again = chat.rotate(values={"chat_db_password": "given-in-inventory"})
    assert not again["changed"] and "is what the inventory gives" in again["kept"][0]


def test_one_that_another_app_has_as_well_is_refused(chat: Rotating) -> None:
    files = chat.files(1, "blog")
    document = json.loads(files[0]["content"])
    document["services"]["blog"]["env_file"] = "env/web.env"
    files[0] = {**files[0], "content": json.dumps(document)}
    assert not chat.deploy(1, "blog", files=files).get("failed")
    done = chat.rotate(check=True)
    assert done["result"] == "refused" and "got blog as well, which this command does not replace" in done["msg"]


def test_check_mode_changes_nothing(chat: Rotating) -> None:
    before, kept = chat.tree, chat.postgres.kept["db"]
    done = chat.rotate(check=True)
    assert done["changed"] and done["started"] == ["db", "web"] and (chat.tree, chat.postgres.kept["db"]) == (before, kept)


def test_where_the_app_does_not_serve_everything_is_as_it_was(chat: Rotating) -> None:
    chat.engine.turns_out[chat.engine.image("web:1")] = "exited"
    blog, tree = chat.engine.running["blog"], chat.tree

    def heal(call: Any) -> None:
        """It serves again as soon as its database has the password of before."""
        if "PASSWORD '" in call.input and password.opens(call.input.rsplit("PASSWORD '", 1)[1].split("'")[0], "postgres", "first"):
            chat.engine.turns_out[chat.engine.image("web:1")] = "healthy"

    chat.engine.programs.insert(0, heal)
    done = chat.rotate()
    assert done["failed"] and done["result"] == "restored" and chat.accepts("first") and chat.stored["chat_db_password"] == "first"
    assert chat.tree == tree and chat.engine.running["blog"] is blog


def test_nothing_is_rotated_beside_a_switch_that_was_cut_off(chat: Rotating) -> None:
    journal.write(str(chat.root), journal.Journal(ledger.Run("x").to_dict(), ""))
    done = chat.rotate()
    assert done["result"] == "refused" and "a switch that was cut off" in done["msg"] and chat.stored["chat_db_password"] == "first"
    assert journal.unfinished(str(chat.root)) is not None


@pytest.mark.parametrize("path", ["env/web.env", "docker-compose.yml", "nginx/site.conf"])
@pytest.mark.parametrize("check", [False, True])
def test_what_was_edited_by_hand_waits_for_a_deploy(chat: Rotating, path: str, check: bool) -> None:
    edited = chat.root / path
    edited.write_text(edited.read_text() + "\n")
    done = chat.rotate(check)
    assert done["result"] == "refused" and chat.stored["chat_db_password"] == "first"
    assert f"expected the files of the live release for it, got ones that were changed since: {path} (edited by hand" in done["msg"]


@pytest.mark.parametrize("check", [False, True])
def test_an_app_that_was_stopped_on_purpose_stays_so(chat: Rotating, check: bool) -> None:
    web = chat.engine.running["web"]
    web["State"]["Status"] = "exited"
    stopped.note(str(chat.root), {"web": stopped.Stopped("alice@laptop", "2026-11-26T12:00:00Z", web["Id"])})
    done = chat.rotate(check)
    assert done["result"] == "refused" and chat.stored["chat_db_password"] == "first" and web["State"]["Status"] == "exited"
    assert "got it stopped on purpose by alice@laptop" in done["msg"] and "manage.yml -e operation=start -e app=chat" in done["msg"]


@pytest.mark.parametrize(("result", "value"), [("done", "new"), ("restored", "first"), ("", "first")])
def test_who_was_killed_before_it_stored_them_has_that_done_by_the_next(tmp_path: Path, result: str, value: str) -> None:
    (tmp_path / ".secrets.json").write_text(json.dumps({"key": "first"}))
    new_secrets.write(str(tmp_path), "t", {"key": "new"})
    if result:
        ledger.append(str(tmp_path), ledger.entry({"token": "t"}, result, 1.0))
    new_secrets.settle(str(tmp_path))
    assert json.loads((tmp_path / ".secrets.json").read_text()) == {"key": value} and not (tmp_path / new_secrets.FILE).exists()


APP = App(name="chat", title="Chat", containers=(), secrets=(Secret(**PASSWORD), Secret(**FIRST), Secret(name="chat_key", length=64)))


@pytest.mark.parametrize(
    ("asked", "given", "expected"),
    [
        ("chat_invite_code", {}, "chat_invite_code is read by the app when it starts on an empty database alone"),
        ("other", {}, "secret: expected one of chat_db_password, chat_invite_code, chat_key, got other"),
        ("", {"chat_key": "short"}, "chat_key: expected at least 12 characters, got 5"),
        ("", {"chat_key": "two\nlines of text"}, "chat_key: expected one line"),
        ("chat_key", {"chat_key": "k" * 40}, "chat_key is what the inventory gives"),
    ],
)
def test_what_cannot_be_rotated_is_refused(asked: str, given: dict[str, str], expected: str) -> None:
    with pytest.raises(OperationError, match=expected):
        rotation.choose(APP, asked, given, STORED)


def test_a_new_one_is_as_long_as_the_app_says_or_as_the_old_one() -> None:
    values = rotation.choose(APP, "", {}, STORED).values
    assert {name: len(value) for name, value in values.items()} == {"chat_db_password": 24, "chat_key": 64}
