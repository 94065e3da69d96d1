"""The wrapper and a real restic, of this machine, with repositories in directories and behind an append-only server."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite import repository, work
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.refresh import refresh
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.repository import Access, Repository, RepositoryError
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.settings import Settings

MIB = 1 << 20


@pytest.fixture
def access(tmp_path: Path) -> Access:
    (tmp_path / "password").write_text("correct horse\n")
    return Access(str(tmp_path), cache=str(tmp_path / "cache"))


@pytest.fixture
def one(tmp_path: Path, access: Access) -> Repository:
    made = Repository(str(tmp_path / "repository"), access)
    made.create()
    return made


@pytest.fixture
def content(tmp_path: Path) -> Path:
    made = tmp_path / "content"
    made.mkdir()
    (made / "picture").write_bytes(os.urandom(3 * MIB))
    (made / "linked").symlink_to("picture")
    return made


def locks(one: Repository) -> list[Path]:
    """Return the locks that have their name: restic writes each under another one first."""
    return [path for path in Path(one.location, "locks").iterdir() if len(path.name) == 64]


def wait_for_lock(one: Repository) -> None:
    """Wait until a program has locked the repository."""
    deadline = time.monotonic() + 60
    while not locks(one):
        assert time.monotonic() < deadline, "no lock was made"
        time.sleep(0.05)


@contextmanager
def at_work(one: Repository, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """Have a program at work that has locked the repository."""
    process = subprocess.Popen(command, env=one._environment(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        wait_for_lock(one)
        yield process
    finally:
        process.kill()
        process.wait()


def killed(one: Repository, *command: str) -> None:
    """Leave the lock of a program that was killed."""
    with at_work(one, *command):
        pass


def kind_of(error: pytest.ExceptionInfo[RepositoryError]) -> str:
    return error.value.kind


def test_what_was_brought_there_comes_back(tmp_path: Path, one: Repository, content: Path) -> None:
    assert len(one.identity()) == 64
    assert one.version()
    added = one.backup([str(content)], "server", ["rarebooks", "backup:20261126_020000"])
    assert 3 * MIB <= added.added <= 4 * MIB
    assert added.total == 3 * MIB
    (listed,) = one.snapshots("rarebooks", host="server")
    assert listed.id.startswith(added.snapshot)
    assert (listed.backup, listed.paths) == ("20261126_020000", (str(content),))
    assert one.snapshots("wal") == []
    assert {entry["path"]: entry["type"] for entry in one.files(listed.id, str(content))} == {
        str(content): "dir", f"{content}/linked": "symlink", f"{content}/picture": "file",
    }  # fmt: skip
    # A file as well as a directory, and what is not there without an error.
    assert [entry["path"] for entry in one.files(listed.id, f"{content}/picture")] == [f"{content}/picture"]
    assert list(one.files(listed.id, f"{content}/none")) == []
    assert one.read(listed.id, f"{content}/picture") == (content / "picture").read_bytes()
    one.restore(listed.id, [str(content)], str(tmp_path / "back"))
    assert (tmp_path / "back" / str(content)[1:] / "picture").read_bytes() == (content / "picture").read_bytes()
    assert one.backup([str(content)], "server", ["rarebooks"]).added < MIB // 10


def test_a_directory_is_brought_from_one_snapshot_to_the_next_by_what_differs(tmp_path: Path, one: Repository, content: Path) -> None:
    for name in ("gone", "into_file", "shared/deep", "same"):
        (content / name).mkdir(parents=True)
        (content / name / "one").write_text(name)
    (content / "into_folder").write_text("a file")
    one.backup([str(content)], "server", ["rarebooks"])
    shutil.rmtree(content / "gone")
    shutil.rmtree(content / "into_file")
    (content / "into_file").write_text("now a file")
    (content / "into_folder").unlink()
    (content / "into_folder").mkdir()
    (content / "into_folder" / "a[1]").write_text("new")
    (content / "into_folder" / "none").touch()
    (content / "shared" / "deep" / "one").chmod(0o4711)
    (content / "shared").chmod(0o2770)
    (content / "linked").unlink()
    (content / "linked").symlink_to("into_file")
    one.backup([str(content)], "server", ["rarebooks"])
    first, second = one.snapshots("rarebooks")
    one.restore(first.id, [str(content)], str(tmp_path / "back"))
    place = tmp_path / "place"
    os.rename(tmp_path / "back" / str(content)[1:], place)
    untouched = (place / "picture").stat()
    listed = {str(entry["path"]): entry for entry in one.files(second.id, str(content))}
    asked: list[str] = []

    def restore(paths: list[str], target: str) -> None:
        asked.extend(paths)
        one.restore(second.id, paths, target)

    (tmp_path / "work").mkdir()
    came = refresh(listed, str(content), str(place), str(tmp_path / "work"), restore)
    assert sorted(os.path.relpath(path, content) for path in asked) == [
        "into_file", "into_folder/a[1]", "into_folder/none", "linked", "shared/deep/one",
    ]  # fmt: skip
    assert came == 5 and (place / "picture").stat() == untouched
    assert seen(place) == seen(content)
    # Nothing is left to do but the links, which always come.
    asked.clear()
    assert refresh(listed, str(content), str(place), str(tmp_path / "work"), restore) == 1
    assert seen(place) == seen(content) and list((tmp_path / "work").iterdir()) == []


def seen(directory: Path) -> dict[str, tuple[int, int, str]]:
    """Return what is in a directory: mode, time, and content or target."""
    found = {}
    for path in [directory, *directory.rglob("*")]:
        about = path.lstat()
        text = os.readlink(path) if path.is_symlink() else "" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()
        found[str(path.relative_to(directory))] = (about.st_mode, 0 if path.is_symlink() else about.st_mtime_ns, text)
    return found


def test_a_name_that_looks_like_a_pattern_is_a_name(tmp_path: Path, one: Repository, content: Path) -> None:
    names = ["a[1].jpg", "b*.jpg", "c\\d.jpg", "e?.jpg"]
    for name in [*names, "b2.jpg", "e2.jpg"]:
        (content / name).write_text(name)
    one.backup([str(content)], "server", ["rarebooks"])
    (made,) = one.snapshots()
    one.restore(made.id, [str(content / name) for name in names], str(tmp_path / "back"))
    assert sorted(path.name for path in (tmp_path / "back").rglob("*.jpg")) == sorted(names)


def test_a_prune_that_was_killed_keeps_nobody_out(tmp_path: Path, one: Repository, content: Path) -> None:
    one.backup([str(content)], "server", ["rarebooks"])
    killed(one, "restic", "rebuild-index")
    assert len(one.identity()) == 64
    one.backup_stream([b"image"], "image.tar", "server", ["image:1"])
    killed(one, "restic", "rebuild-index")
    (made,) = one.snapshots("rarebooks")
    one.restore(made.id, [str(content)], str(tmp_path / "back"))
    assert one.read(made.id, f"{content}/picture") == (content / "picture").read_bytes()


def test_a_stream_that_breaks_leaves_no_snapshot(one: Repository) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x" * MIB
        raise OSError("the engine went away")

    with pytest.raises(OSError, match="the engine went away"):
        one.backup_stream(broken(), "image.tar", "server", ["image:sha256:aa"])
    assert one.snapshots() == []
    one.backup_stream([b"x" * MIB, b"y"], "image.tar", "server", ["image:sha256:aa"])
    (listed,) = one.snapshots("image:sha256:aa")
    assert one.read(listed.id, "/image.tar") == b"x" * MIB + b"y"


def test_kept_are_the_last_of_each_day_and_what_has_other_tags(one: Repository, content: Path) -> None:
    for tag in ("rarebooks", "rarebooks", "wal"):
        one.backup([str(content)], "server", [tag])
    one.forget("--tag", "rarebooks", "--group-by", "host", "--keep-daily", "7")
    assert sorted(tag for found in one.snapshots() for tag in found.tags) == ["rarebooks", "wal"]
    one.prune()
    one.check()


def test_what_was_made_last_stays_though_another_one_has_a_later_time(one: Repository, content: Path) -> None:
    def bring(hour: int, number: int, backup: str) -> None:
        tags = ["--tag", "rarebooks", "--tag", f"number:{number}", "--tag", f"backup:{backup}"]
        one._patiently("bring it", "backup", "--host", "server", "--time", f"2026-11-25 {hour:02}:00:00", *tags, str(content))

    # A clock that was ahead, then set right: of the same day only the last is kept.
    for hour, number, backup in ((20, 1, "20261125_200000"), (2, 2, "20261125_020000"), (3, 3, "20261125_030000")):
        bring(hour, number, backup)
        work.forget_old(one, Settings("server", "/x", "p", "/s", "/l", "/c", ("x",)))
        assert backup in [found.backup for found in one.snapshots("rarebooks")]
    assert sorted(found.backup for found in one.snapshots("rarebooks")) == ["20261125_030000", "20261125_200000"]


def test_another_password_is_told_as_such(tmp_path: Path, one: Repository) -> None:
    (tmp_path / "other").write_text("incorrect horse\n")
    with pytest.raises(RepositoryError, match="its password is another one") as caught:
        Repository(one.location, Access(str(tmp_path), cache=str(tmp_path / "cache"), password_file=str(tmp_path / "other"))).snapshots()
    assert kind_of(caught) == "password"


def test_no_repository_is_told_as_such(tmp_path: Path, access: Access) -> None:
    with pytest.raises(RepositoryError, match="there is no repository") as caught:
        Repository(str(tmp_path / "nothing"), access).identity()
    assert kind_of(caught) == "missing"


@pytest.mark.parametrize("location", ["rest:http://127.0.0.1:9/x", "sftp://nobody@127.0.0.1:9//x"])
def test_a_store_that_is_gone_is_told_as_such(access: Access, location: str) -> None:
    with pytest.raises(RepositoryError, match=r"it cannot be reached\. Expected an answer, got: .*refused") as caught:
        Repository(location, access).identity()
    assert kind_of(caught) == "unreachable"


def test_one_flipped_byte_is_found(one: Repository, content: Path) -> None:
    one.backup([str(content)], "server", ["rarebooks"])
    pack = max(Path(one.location, "data").rglob("*"), key=lambda path: path.stat().st_size if path.is_file() else 0)
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 1
    pack.chmod(0o600)
    pack.write_bytes(data)
    with pytest.raises(RepositoryError, match="it is damaged") as caught:
        one.check()
    assert kind_of(caught) == "damaged"


def test_a_lock_of_a_program_that_died_here_locks_nobody_out(one: Repository, content: Path) -> None:
    killed(one, "restic", "backup", "--stdin")
    assert locks(one)
    one.backup([str(content)], "server", ["rarebooks"])
    one.prune()
    assert not locks(one)


def test_a_lock_of_another_host_is_told_and_can_be_removed(one: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "SECONDS_TO_BE_FREE", 0.0)
    # In a namespace of its own a process has another host name, and its number says nothing here.
    killed(one, "unshare", "--uts", "sh", "-c", "hostname elsewhere; exec restic backup --stdin")
    with pytest.raises(RepositoryError, match="a lock by elsewhere since") as caught:
        one.prune()
    assert kind_of(caught) == "locked"
    one.unlock(everyone=True)
    one.prune()


def test_a_lock_of_somebody_who_lives_is_waited_for(one: Repository) -> None:
    with at_work(one, "restic", "backup", "--stdin") as process:
        ending = threading.Timer(2.0, lambda: process.communicate(b"done"))
        ending.start()
        one.prune()
        ending.join()
        assert process.returncode == 0
    assert len(one.snapshots()) == 1


def test_whoever_waits_no_longer_leaves_nothing_running(one: Repository) -> None:
    def slow() -> Iterator[bytes]:
        yield b"x" * MIB
        wait_for_lock(one)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        one.backup_stream(slow(), "image.tar", "server", ["image:x"])
    assert not locks(one)


def test_a_full_store_is_told_as_such_and_loses_nothing(tmp_path: Path, access: Access) -> None:
    store = tmp_path / "small"
    store.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(store)], check=False).returncode:
        pytest.skip("needs root")
    try:
        full = Repository(str(store / "repository"), access)
        full.create()
        full.backup_stream([b"first"], "first", "server", ["rarebooks"])
        with pytest.raises(RepositoryError, match="it is full") as caught:
            full.backup_stream((os.urandom(MIB) for _ in range(16)), "much", "server", ["rarebooks"])
        assert kind_of(caught) == "full"
        (kept,) = full.snapshots()
        into = io.BytesIO(full.read(kept.id, "/first"))
        assert into.read() == b"first"
    finally:
        subprocess.run(["umount", str(store)], check=True)


@pytest.fixture
def append_only(tmp_path: Path, access: Access) -> Iterator[Repository]:
    address = "127.0.0.1:8177"
    (tmp_path / "served").mkdir()
    command = ["rclone", "serve", "restic", "--append-only", "--addr", address, str(tmp_path / "served")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ, "HOME": str(tmp_path)})
    one = Repository(f"rest:http://{address}/one", access)
    for _ in range(100):
        try:
            one.create()
            break
        except RepositoryError:
            time.sleep(0.1)
    yield one
    process.terminate()
    process.wait()


def test_what_is_in_an_append_only_store_stays(append_only: Repository, content: Path) -> None:
    append_only.backup([str(content)], "server", ["rarebooks"])
    append_only.check()
    (kept,) = append_only.snapshots()
    removal = urllib.request.Request(f"{append_only.location.removeprefix('rest:')}/snapshots/{kept.id}", method="DELETE")
    with pytest.raises(urllib.error.HTTPError, match="403"):  # Not by restic, which goes on trying for long.
        urllib.request.urlopen(removal)
    assert append_only.snapshots() == [kept]


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[Repository]:
    process = subprocess.Popen(
        [f"{Path(sys.executable).parent}/moto_server", "-H", "127.0.0.1", "-p", "8178"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    (tmp_path / "password").write_text("correct horse\n")
    credentials = {"AWS_ACCESS_KEY_ID": "server", "AWS_SECRET_ACCESS_KEY": "hush-hush"}
    one = Repository("s3:http://127.0.0.1:8178/bucket", Access(str(tmp_path), credentials, cache=str(tmp_path / "cache")))
    while True:
        try:
            one.identity()
        except RepositoryError as error:
            if error.kind == "missing":
                break
            assert process.poll() is None
    one.create()
    yield one
    process.terminate()
    process.wait()


def test_a_bucket_takes_gives_and_forgets(bucket: Repository, content: Path) -> None:
    for _time in range(2):
        bucket.backup([str(content)], "server", ["rarebooks"])
    bucket.check()
    bucket.forget("--tag", "rarebooks", "--group-by", "host", "--keep-last", "1")
    bucket.prune()
    (kept,) = bucket.snapshots()
    assert bucket.read(kept.id, f"{content}/picture") == (content / "picture").read_bytes()
