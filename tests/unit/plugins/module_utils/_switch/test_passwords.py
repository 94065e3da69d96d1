"""What a database accepts follows the files of the release that is live, wherever a run was cut off."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres import password
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.passwords import is_used
from chat import Chat
from memory_engine import PROJECT


@pytest.fixture
def chat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Chat:
    chat = Chat(tmp_path, monkeypatch, capsys)
    chat.image(1)
    assert not chat.deploy(1).get("failed")
    return chat


def test_where_it_is_accepted_nothing_is_changed_or_said(chat: Chat) -> None:
    kept = chat.postgres.kept["db"]
    chat.image(2)
    done = chat.deploy(2)
    assert chat.postgres.kept["db"] == kept and not [note for note in done["notes"] if "password" in note]


@pytest.mark.parametrize("refused", [True, False])
def test_one_that_is_kept_in_a_form_that_lets_nobody_in_is_kept_in_the_other(chat: Chat, refused: bool) -> None:
    kept = chat.postgres.kept["db"] = password._md5("postgres", "first")
    chat.postgres.locked_out = ["postgres"] if refused else ["other"]
    chat.image(2)
    done = chat.deploy(2)
    assert chat.accepts("first") and (chat.postgres.kept["db"] != kept) == refused
    assert ("keeps the same one as SCRAM now" in str(done["notes"])) == refused


def test_it_goes_back_with_a_release(chat: Chat) -> None:
    """The secrets are no part of a release, but the environment files are: an app must not come up with one that is refused."""
    chat.store("second")
    chat.deploy(1)
    assert chat.accepts("second")
    before = [one for one in sorted(path.name for path in (chat.root / "backups").iterdir()) if len(one) == 15]
    done = chat.rollback(before[-1])
    assert chat.accepts("first")
    assert "Database chat in db did not accept the password of this release, and was given it. It is not the one in the store" in str(
        done["notes"]
    )
    assert not chat.deploy(1).get("failed") and chat.accepts("second")


def test_a_failed_deploy_takes_it_back(chat: Chat) -> None:
    chat.store("second")
    chat.image(2, "exited")
    done = chat.deploy(2)
    assert done["result"] == "restored" and chat.accepts("first")


@pytest.mark.parametrize("accepted", ["first", "second"])
def test_it_follows_whatever_a_run_that_was_killed_left(chat: Chat, accepted: str) -> None:
    chat.store("second")
    chat.image(2, "exited")
    chat.deploy(2)
    chat.postgres.kept["db"] = password.scram(accepted, b"salt")
    chat.image(3)
    assert not chat.deploy(3).get("failed") and chat.accepts("second")


def test_one_with_dollars_is_read_as_it_is(chat: Chat) -> None:
    chat.store("pa$$word$")
    chat.image(2)
    assert not chat.deploy(2).get("failed")
    assert password.opens(chat.postgres.kept["db"], "postgres", "pa$$word$")


def test_a_password_with_which_nobody_logs_in_says_nothing(chat: Chat) -> None:
    """What a person changed by hand in PostgreSQL and in the app alone stays."""
    kept = chat.postgres.kept["db"] = password.scram("by hand", b"salt")
    files = chat.files(2)
    files[-1] = {**files[-1], "content": "ConnectionStrings__Db=Host=db;Username=postgres;Password=by hand\n"}
    chat.image(2)
    run = chat.run()
    assert not chat.switch(run, files=files, backup=chat.seal(run)["id"]).get("failed")
    assert chat.postgres.kept["db"] == kept


def test_the_password_of_another_database_says_nothing(chat: Chat) -> None:
    """Both may have the same variables, as where somebody made the server by hand; PostgreSQL reads its own once."""
    kept = chat.postgres.kept["db"] = password.scram("by hand", b"salt")
    files = chat.files(2)
    said = next(line for line in files[-1]["content"].splitlines() if "Password=" in line).partition("Password=")[2].rstrip(";")
    strings = f"ConnectionStrings__Db=Host=db;Username=postgres;Password=by hand\nConnectionStrings__Other=Host=other-db;Password={said}\n"
    files[-1] = {**files[-1], "content": strings}
    chat.image(2)
    run = chat.run()
    assert not chat.switch(run, files=files, backup=chat.seal(run)["id"]).get("failed")
    assert chat.postgres.kept["db"] == kept


def test_a_database_that_is_yet_to_be_initialised_is_not_asked(chat: Chat) -> None:
    database = {"container": "db", "name": "chat", "user": "postgres", "volume": "db_data"}
    described = json.loads(chat.files(2)[1]["content"])
    described["apps"][0]["databases"] = [database]
    files = chat.files(2)
    files[1] = {**files[1], "content": json.dumps(described)}
    chat.postgres.kept["db"] = "nothing"
    chat.image(2)
    for volumes, asked in ((set(), False), ({f"{PROJECT}_db_data"}, True)):
        chat.engine.volume_names = volumes
        run = chat.run()
        chat.engine.running.pop("web")
        assert not chat.switch(run, files=files, backup=chat.seal(run)["id"]).get("failed")
        assert (chat.postgres.kept["db"] != "nothing") == asked


@pytest.mark.parametrize(
    ("value", "used"),
    [
        ("Host=db;Username=postgres;Password=a;b", False),
        ('Host=db;Password="a;b";Port=1', True),
        ("a;b", True),
        ("postgres://u:a%3Bb@db/x", True),
        ("Host=db;pwd = a;b", False),
        ("Username=a;b", False),
    ],
)
def test_how_an_app_logs_in(value: str, used: bool) -> None:
    assert is_used("a;b", [{"X": value}]) == used
