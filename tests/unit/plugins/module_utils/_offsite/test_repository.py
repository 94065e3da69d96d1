"""How restic is asked, where no repository is needed to see it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite import program, repository
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.repository import Access, Repository, RepositoryError, masked


def ssh(tmp_path: Path, location: str) -> str:
    return " ".join(Repository(location, Access(str(tmp_path)))._options())


@pytest.mark.parametrize(
    ("location", "ends"),
    [
        ("sftp:backup@store.example.org:/srv/restic", "-l backup store.example.org -s sftp"),
        ("sftp:store:restic", "StrictHostKeyChecking=accept-new store -s sftp"),
        ("sftp://backup@store:2222//srv/restic", "-p 2222 -l backup store -s sftp"),
        ("sftp://backup@[2001:db8::1]:2222//srv/restic", "-p 2222 -l backup 2001:db8::1 -s sftp"),
    ],
)
def test_ssh_reaches_the_store_of_the_location_and_asks_nobody(tmp_path: Path, location: str, ends: str) -> None:
    words = ssh(tmp_path, location)
    assert words.startswith("-o sftp.command=ssh -o BatchMode=yes")
    assert words.endswith(ends)
    assert "-i " not in words
    (tmp_path / "ssh_key").write_text("")
    assert f"-i {tmp_path}/ssh_key -o IdentitiesOnly=yes" in ssh(tmp_path, location)


@pytest.mark.parametrize("location", ["/mnt/disk/x", "rest:https://store/x", "s3:https://store/bucket"])
def test_no_ssh_where_none_is_needed(tmp_path: Path, location: str) -> None:
    assert ssh(tmp_path, location) == ""


def test_uploads_are_bounded(tmp_path: Path) -> None:
    assert Repository("/x", Access(str(tmp_path), upload_limit=512))._options() == ["--limit-upload", "512"]


def test_no_secret_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    location = "rest:https://me:sesame-open@store:8000/x"
    assert masked(location) == "rest:https://me:********@store:8000/x"
    monkeypatch.setattr(program, "run", lambda *_: program.Done(1, b"", b"Fatal: sesame-open and hush-hush are wrong"))
    access = Access(str(tmp_path), {"AWS_SECRET_ACCESS_KEY": "hush-hush", "AWS_DEFAULT_REGION": "are"})
    with pytest.raises(RepositoryError) as caught:
        Repository(location, access).snapshots()
    assert "******** and ******** are wrong" in str(caught.value)
    assert "sesame" not in f"{caught.value} {caught.value.facts}"


def test_the_password_is_in_a_file_and_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(program, "run", lambda argv, environment, *_: seen.append((argv, environment)) or program.Done(0, b"[]", b""))
    Repository("/x", Access(str(tmp_path))).snapshots("rarebooks", host="server")
    argv, environment = seen[0]
    assert argv == ["restic", "snapshots", "--json", "--no-lock", "--tag", "rarebooks", "--host", "server"]
    assert environment["RESTIC_PASSWORD_FILE"] == f"{tmp_path}/password"
    assert environment["RESTIC_REPOSITORY"] == "/x"


def test_a_server_without_restic_is_told_what_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "PROGRAM", "/nowhere/restic")
    with pytest.raises(RepositoryError, match="expected the program /nowhere/restic on this server, got none"):
        Repository("/x", Access(str(tmp_path))).version()


@pytest.mark.parametrize(("words", "kind"), [("keeper@store: Permission denied (publickey).", "refused"), ("", "unreachable")])
def test_ssh_is_asked_why_where_restic_did_not_pass_its_words_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, kind: str
) -> None:
    lost = "Fatal: unable to open repository at sftp:store:/x: unable to start the sftp session, error: unexpected EOF"
    for name, text, code in (("restic", lost, 1), ("ssh", words, 255)):
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{text}' >&2\nexit {code}\n")
        (tmp_path / name).chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(RepositoryError) as caught:
        Repository("sftp:store:/x", Access(str(tmp_path))).identity()
    assert caught.value.kind == kind
    assert not words or words.rstrip(".") in str(caught.value)


def test_a_file_that_an_app_removed_meanwhile_is_no_trouble() -> None:
    gone = b"error: lstat /v/a: no such file or directory\nWarning: at least one source file could not be read\n"
    assert repository._unread(gone) == ()
    assert repository._unread(gone + b"error: open /v/b: input/output error\n") == ("error: open /v/b: input/output error",)


LOCKED = b"Fatal: unable to create lock in backend: repository is already locked by PID 7 on old by root (UID 0, GID 0)"


@pytest.mark.parametrize(("locked", "asked"), [(0, ["backup"]), (1, ["backup", "unlock", "backup"])])
def test_who_comes_again_by_himself_unlocks_the_dead_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locked: int, asked: list[str]
) -> None:
    seen: list[str] = []

    def run(argv: list[str], *_given: object) -> program.Done:
        seen.append(argv[1])
        return program.Done(1, b"", LOCKED) if seen.count("backup") <= locked and argv[1] == "backup" else program.Done(0, b"", b"")

    monkeypatch.setattr(program, "run", run)
    Repository("/x", Access(str(tmp_path))).backup(["/log"], "server", ["wal"], wait=False)
    assert seen == asked


def test_and_does_not_wait_for_the_living(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "run", lambda argv, *_given: program.Done(0 if argv[1] == "unlock" else 1, b"", LOCKED))
    with pytest.raises(RepositoryError) as caught:
        Repository("/x", Access(str(tmp_path))).backup(["/log"], "server", ["wal"], wait=False)
    assert caught.value.kind == "locked"


def test_what_does_not_get_through_in_time_is_not_told_as_a_store_that_is_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(argv: list[str], _environment: object, seconds: float, *_given: object) -> program.Done:
        raise subprocess.TimeoutExpired(argv, seconds)

    monkeypatch.setattr(program, "run", run)
    one = Repository("/x", Access(str(tmp_path)))
    with pytest.raises(RepositoryError, match=r"not done within 300 s.*stack_offsite_upload_limit") as caught:
        one.backup(["/log"], "server", ["wal"], wait=False)
    assert caught.value.kind == "slow"
    with pytest.raises(RepositoryError, match="no answer within 120 s") as caught:
        one.identity()
    assert caught.value.kind == "unreachable"
