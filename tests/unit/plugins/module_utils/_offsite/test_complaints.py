"""What restic says, as recorded from 0.12 to 0.18, becomes one sentence of the right kind."""

from __future__ import annotations

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._offsite.complaints import classify

NOT_THERE = "Is there a repository at the following location?\n/mnt/disk/x\n"
RECORDED = [
    ("password", "Fatal: wrong password or no key found\n"),
    ("missing", f"Fatal: unable to open config file: stat /mnt/disk/x/config: no such file or directory\n{NOT_THERE}"),
    ("missing", "Fatal: repository does not exist: unable to open config file: Stat: file does not exist\n" + NOT_THERE),
    ("missing", f"Fatal: unable to open config file: Stat: The specified key does not exist.\n{NOT_THERE}"),
    (
        "unreachable",
        "subprocess ssh: ssh: connect to host 127.0.0.1 port 1: Connection refused\n"
        "Fatal: unable to open repository at sftp:x@127.0.0.1:/x: unable to start the sftp session, error: EOF\n",
    ),
    (
        "unreachable",
        'Fatal: unable to open config file: client.Head: Head "http://127.0.0.1:9/config": dial tcp 127.0.0.1:9: connect: connection '
        f"refused\n{NOT_THERE}",
    ),
    (
        "unreachable",
        'Fatal: unable to open config file: client.Head: Head "http://a.invalid/config": dial tcp: lookup a.invalid on 10.0.0.1:53: no '
        f"such host\n{NOT_THERE}",
    ),
    ("unreachable", "subprocess ssh: ssh: Could not resolve hostname store: Name or service not known\nFatal: unable to open\n"),
    ("unreachable", "no answer within 120 s"),
    ("slow", "not done within 300 s"),
    ("unreachable", "subprocess ssh: Connection reset by 172.22.0.4 port 22\nFatal: unable to start the sftp session, error: EOF\n"),
    (
        "refused",
        "subprocess ssh: backup@store: Permission denied (publickey).\n"
        "Fatal: unable to open repository at sftp:x: unable to start the sftp session, error: EOF\n",
    ),
    ("refused", "subprocess ssh: Host key verification failed.\nFatal: unable to start the sftp session, error: EOF\n"),
    ("refused", f"Fatal: unable to open config file: unexpected HTTP response (401): 401 Unauthorized\n{NOT_THERE}"),
    ("refused", f"Fatal: unable to open config file: Stat: Access Denied.\n{NOT_THERE}"),
    (
        "locked",
        "unable to create lock in backend: repository is already locked exclusively by PID 4711 on oldserver by root (UID 0, GID 0)\n"
        "lock was created at 2026-11-26 02:00:11 (12h3m ago)\nstorage ID 3a8d1b2c\n"
        "the `unlock` command can be used to remove stale locks\n",
    ),
    ("full", "Save(<data/0123456789>) returned error, retrying after 720ms: write /mnt/x: no space left on device\n"
             "Fatal: unable to save snapshot: write /mnt/x: no space left on device\n"),
    ("damaged", "pack 7b9f contains 1 errors: [blob 0 ciphertext verification failed]\nFatal: repository contains errors\n"),
    ("old", "Fatal: config cannot be loaded: unsupported repository version\n"),
    ("clock", "Fatal: unable to open config file: Stat: The difference between the request time and the server's time is too large.\n"
              f"{NOT_THERE}"),
    ("clock", "Fatal: unable to open config file: RequestTimeTooSkewed\n"),
    ("clock", 'Fatal: unable to open config file: Head "https://store/config": x509: certificate has expired or is not yet valid: current '
              f"time 2026-11-25T02:30:00Z is before 2026-11-26T00:00:00Z\n{NOT_THERE}"),
    ("failed", "Fatal: something new\n"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "stderr"), RECORDED)
def test_the_kind_is_found_by_the_words(kind: str, stderr: str) -> None:
    error = classify("/mnt/disk/x", "list its snapshots", stderr, "/etc/password")
    assert error.kind == kind
    assert str(error).startswith("Repository /mnt/disk/x: ")
    assert "Expected " in str(error)
    assert " got" in str(error)
    assert "\n" not in str(error)
    assert "{" not in str(error)


def test_a_lock_says_whose_it_is_and_since_when() -> None:
    told = str(classify("x", "prune", next(text for kind, text in RECORDED if kind == "locked"), "p"))
    assert "a lock by oldserver since 2026-11-26 02:00:11" in told
    assert "offsite.yml -e operation=unlock" in told


def test_the_last_of_the_words_is_told_without_what_repeats_it() -> None:
    told = str(classify("x", "prune", next(text for kind, text in RECORDED if kind == "full"), "p"))
    assert "got: unable to save snapshot: write /mnt/x: no space left on device." in told
    assert "retrying" not in told


@pytest.mark.parametrize("words", ["Connection reset by 172.22.0.4 port 22", "Connection closed by 2001:db8::7 port 2222"])
def test_who_is_turned_away_before_a_login_is_told_to_wait(words: str) -> None:
    told = str(classify("x", "answer", f"subprocess ssh: {words}\nFatal: unable to start the sftp session, error: EOF", "p"))
    assert f"it hangs up before anybody can log in. Expected an answer, got: {words}." in told
