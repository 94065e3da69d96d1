# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What restic complains of, as one sentence for people: what it is, what was expected, what came, and what to do next.

restic has exit codes for some of it since 0.17 only, so that its words are read, which are the same in all versions from 0.12 on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from .._base.errors import PlatformError

Kind = Literal["missing", "password", "refused", "unreachable", "locked", "full", "damaged", "old", "clock", "slow", "failed"]

LOCKED = re.compile(r"already locked(?: exclusively)? by PID \d+ on (?P<host>\S+) by")
LOCKED_SINCE = re.compile(r"lock was created at (?P<since>[\d-]+ [\d:]+)")
WORDS_SHOWN = 300
# Two of the same kind say no more than one, and the last is what it gave up over.
NOISE = re.compile(r"^(Is there a repository at|the `unlock` command|using temporary cache|\[\d+:\d+|.*returned error, retrying after)")


class RepositoryError(PlatformError):
    """A repository cannot be used. Kind says why."""

    def __init__(self, kind: Kind, where: str, message: str) -> None:
        super().__init__(message, kind=kind, repository=where)
        self.kind = kind


@dataclass(frozen=True)
class Complaint:
    """A kind of trouble by restic's words, and what to tell of it. Advice knows the place, where, and the words, said."""

    kind: Kind
    words: str
    told: str


# In this order: an unreachable store is also one that has no repository, and a full one breaks connections.
COMPLAINTS = (
    Complaint(
        "password",
        r"wrong password or no key found",
        "its password is another one. Expected the one in {password}, got a repository that none of its keys opens with it. Put the right "
        "one into stack_offsite_password and deploy again, or give another stack_offsite_repository",
    ),
    Complaint(
        "locked",
        r"already locked",
        "it is locked. Expected no other program at work in it, got a lock by {host} since {since}. If nothing runs there any more: "
        "ansible-playbook offsite.yml -e operation=unlock",
    ),
    Complaint(
        "full",
        r"no space left|disk quota exceeded|quota ?exceeded|insufficient storage|storage ?full|507 ",
        "it is full. Expected room for what is new, got: {said}. Nothing that is in it is lost. Enlarge the store, or lower "
        "stack_offsite_keep_daily, _weekly or _monthly and run ansible-playbook offsite.yml -e operation=prune",
    ),
    Complaint(
        "clock",
        r"requesttimetooskewed|request time and the (server's|current) time|certificate has expired or is not yet valid",
        "the store has another time than this server. Expected clocks that agree, and a certificate that is valid now, got: {said}. See "
        "what sets the clock here: timedatectl timesync-status. If it is right, the store's clock or certificate is to be renewed",
    ),
    Complaint(
        "refused",
        r"host key verification failed|permission denied|401 |403 |unauthorized|forbidden|access ?denied|invalidaccesskey"
        r"|signaturedoesnotmatch",
        "the store refuses this server. Expected to be let in, got: {said}. Correct stack_offsite_credentials, stack_offsite_ssh_key or "
        "stack_offsite_known_hosts, and what the store allows, then deploy again",
    ),
    # PerSourcePenalties of OpenSSH 9.8 and later, and MaxStartups of all; ssh quotes neither.
    Complaint(
        "unreachable",
        r"connection (reset|closed) by \S+ port \d+",
        "it hangs up before anybody can log in. Expected an answer, got: {said}. An sshd does so for up to ten minutes after refused "
        "logins, and while too many log in at once; what is due is tried again by the timer, or then by: ansible-playbook offsite.yml -e "
        "operation=snapshot",
    ),
    Complaint(
        "unreachable",
        r"connection refused|no such host|could not resolve|name or service not known|timeout|timed out|network is unreachable"
        r"|no route to host|connection reset|broken pipe|connection (was )?closed|unable to start the sftp session|bad gateway"
        r"|service unavailable|no answer within",
        "it cannot be reached. Expected an answer, got: {said}. Look whether the store runs and the network leads there; what is due is "
        "tried again by the timer, or now by: ansible-playbook offsite.yml -e operation=snapshot",
    ),
    Complaint(
        "slow",
        r"not done within",
        "it is too slow. Expected restic to {doing} in time, got: {said}. It is tried again by itself, log in smaller pieces. If it says "
        "so again, look at the line and the store, or raise stack_offsite_upload_limit",
    ),
    Complaint(
        "old",
        r"unsupported repository version|unknown (shorthand )?flag|unknown command",
        "restic on this server is too old for it. Expected a version that reads it, got: {said}. Install the restic of a newer "
        "distribution on the server, or give another stack_offsite_repository",
    ),
    Complaint(
        "damaged",
        r"repository contains errors|ciphertext verification failed|invalid data returned|does ?n.t match|not found in (the )?index"
        r"|repository is damaged|hash mismatch|pack [0-9a-f]+ contains|contains \d+ errors|file has invalid size|load\(<\w+/",
        "it is damaged. Expected every pack as it was written, got: {said}. Snapshots that do not need it are whole. Keep a copy of the "
        "store, then repair it as restic's manual says, or begin a new one by another stack_offsite_repository",
    ),
    Complaint(
        "missing",
        r"is there a repository|repository does not exist|unable to open config file|config file does not exist",
        "there is no repository. Expected the one that a deploy made there, got: {said}. Where it is a disk, look whether it is mounted; "
        "where it was removed, look for a copy",
    ),
)
FAILED = Complaint("failed", "", "restic failed. Expected it to {doing}, got: {said}. Remove the cause, then run it again")


def classify(where: str, doing: str, stderr: str, password: str) -> RepositoryError:
    """Return restic's trouble with a repository as an error for people; nothing in it may be a secret any more."""
    low = stderr.lower()
    complaint = next((one for one in COMPLAINTS if re.search(one.words, low)), FAILED)
    lock, since = LOCKED.search(stderr), LOCKED_SINCE.search(stderr)
    facts = {
        "said": said(stderr),
        "doing": doing,
        "password": password,
        "host": lock["host"] if lock else "a host that it does not name",
        "since": since["since"] if since else "a time that it does not name",
    }
    return RepositoryError(complaint.kind, where, f"Repository {where}: {complaint.told.format(**facts)}.")


def said(stderr: str) -> str:
    """Return the last of restic's words that says something."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip() and not NOISE.match(line.strip())]
    # Why ssh ended, restic only passes on.
    ssh = [line.removeprefix("subprocess ssh: ") for line in lines if line.startswith("subprocess ssh: ")]
    fatal = [line.removeprefix("Fatal: ") for line in lines if line.startswith("Fatal: ")]
    return (ssh or fatal or lines or ["no message"])[-1].rstrip(".")[:WORDS_SHOWN]
