# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One sentence that names why a container most likely does not run, from what it left behind."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from .state import ContainerState

JWT = r"\bJwt[:_ ]{1,2}(?:Key|Secret|Issuer|Audience)\w*"
UNKNOWN = "nothing in its log names a cause"


class Symptom(NamedTuple):
    """A text that betrays a cause. The sentence may use the pattern's named groups."""

    where: Literal["log", "probe"]
    pattern: re.Pattern[str]
    sentence: str
    # Whether waiting cannot cure it, nor whatever else comes up meanwhile.
    final: bool = False


def symptom(where: Literal["log", "probe"], pattern: str, sentence: str, final: bool = False) -> Symptom:
    return Symptom(where, re.compile(pattern, re.IGNORECASE), sentence, final)


# What a probe says where no process listens at its port and address.
NOT_LISTENING = re.compile(r"connection refused|couldn't connect to server", re.IGNORECASE)


# Most specific first: a refused password also shows up as a failed migration, a full disk as almost anything.
SYMPTOMS = (
    symptom("log", r"no space left on device", "the server's disk is full (see `df -h` and `docker system df`)"),
    symptom(
        "log",
        r'exec: "(?P<what>[^"]+)": (?:executable file not found|stat [^:]+: no such file|permission denied)',
        "its start command {what} is not in the image, or is not executable",
        final=True,
    ),
    symptom(
        "log",
        r"exec format error",
        "its image is built for another CPU architecture than this server's, or its start script does not begin with #! (exec "
        "format error)",
        final=True,
    ),
    symptom(
        "log",
        # The kernel, tini, env: each looks for an interpreter whose name ends in CR.
        r"(?:^|\n)exec \S+: no such file or directory|exec \S+ failed: no such file or directory|env: [^\n]*(?:\\r|\r)['\u2019:]",
        "its start script has the line ends of Windows (CRLF), or names an interpreter that the image does not have: convert it "
        "with dos2unix, and let *.sh text eol=lf in .gitattributes keep it so",
        final=True,
    ),
    symptom(
        "log",
        r"database files are incompatible with server",
        "its volume was written by another major version of PostgreSQL than the image's: go back to that version, or "
        "dump with it and restore into an empty volume",
    ),
    symptom(
        "log",
        r'password authentication failed for user "(?P<user>[^"]*)"',
        "PostgreSQL refuses the password of user {user}: changing the password variable does not change the password "
        "inside an initialised volume (ALTER ROLE does)",
        final=True,
    ),
    symptom(
        "log",
        r'could not translate host name "(?P<host>[^"]+)"',
        "the database's host name {host} cannot be resolved: its container is missing or not on the same network",
    ),
    symptom(
        "log",
        r"name or service not known|name does not resolve|temporary failure in name resolution|no such host is known",
        "a host name it needs, most likely the database's, cannot be resolved: that container is missing or not on the same network",
    ),
    symptom(
        "log",
        r"failed to connect to (?P<host>\S+:5432)"
        r'|connection to server at (?P<host_>"[^"]+"(?: \([^)]*\))?), port \d+ failed: connection refused',
        "its database at {host} does not accept connections: that container is down or still starting",
    ),
    symptom(
        "log",
        r"address already in use",
        "its port is already taken (address already in use): another process or container listens on it",
    ),
    symptom(
        "log",
        rf"(?P<key>{JWT})[^\n]*(?:missing|not (?:set|configured|found)|required|too short|at least)"
        rf"|\b(?:missing|no|required|invalid)\b[^\n]{{0,40}}(?P<key_>{JWT})",
        "its configuration lacks a valid {key}: compare the environment file with the names the app reads",
    ),
    symptom(
        "log",
        r"IDX10653|IDX10720",
        "its JWT signing key is too short for the algorithm: it needs at least 32 characters",
    ),
    symptom(
        "log",
        r"access to the path '(?P<path>[^']+)' is denied|permission denied: '(?P<path_>/[^']+)'"
        r"""|["']?(?P<path__>/[^\s"':]+)["']?: permission denied""",
        "it may not use {path} (permission denied): check the owner and mode of that volume",
    ),
    symptom(
        "log",
        r'relation "(?P<what>[^"]+)" does not exist',
        "its schema is not in the database (relation {what} does not exist): a migration failed or did not run",
    ),
    symptom(
        "log",
        r"failed executing DbCommand"
        r"|(?:error|exception|fail\w*)[^\n]*\bmigrat|\bmigrat[^\n]*\b(?:fail|error|exception)",
        "a database migration failed: its log says which statement",
    ),
    symptom(
        "probe",
        r'exec: "(?P<tool>[^"]+)": (?:executable file not found|stat [^:]+: no such file)'
        r"|(?:^|[\s/])(?P<tool_>[\w.-]+): (?:command )?not found",
        "its health probe uses {tool}, which the image does not have: probe with a tool that is in the image",
        final=True,
    ),
    symptom(
        "probe",
        r"health check exceeded timeout",
        "it runs but does not answer its health probe in time: it hangs, is overloaded, or waits for something",
    ),
    symptom(
        "probe",
        r"connection refused|couldn't connect to server",
        "it runs but does not listen where its health probe asks: it is still starting, or the port or address "
        "(127.0.0.1, not localhost) is another",
    ),
)

ASPNET = re.compile(r"^(?:fail|crit): [^\n]*(?:\n[ \t]+\S[^\n]*)?", re.MULTILINE)
HTTP_ERROR = re.compile(r"\b[45]\d\d\b")
UNHANDLED = re.compile(r"^Unhandled exception[.:] [^\n]*", re.MULTILINE)


def diagnose(state: ContainerState, log: str, probe: str) -> str:
    """Return the likely cause of a container's trouble, as one sentence without a full stop."""
    if state.oom_killed:
        return "the kernel killed it because it used more memory than it may: raise its limit or the server's memory"
    if state.status == "paused":
        return "somebody paused it: `docker unpause` continues it"
    # The first failure a program reports is usually the reason for those that follow.
    failure = ASPNET.search(log) or UNHANDLED.search(log)
    # Of one that died over a failure, a probe has seen no more than that it was not there.
    told = "" if failure and state.restarts else probe
    texts = {"log": f"{log}\n{state.error}", "probe": told}
    for one in SYMPTOMS:
        if match := one.pattern.search(texts[one.where]):
            return one.sentence.format(**named(match))
    if state.exit_code in (126, 127):
        reason = {126: "is not executable", 127: "is not in the image"}[state.exit_code]
        return f"its start command {reason} (exit code {state.exit_code})"
    if failure:
        return f"the first failure in its log is: {' '.join(failure.group().split()).rstrip('.')}"
    if match := HTTP_ERROR.search(probe):
        return f"it runs, but says of itself that it is not healthy: its health endpoint answers {match.group()}"
    return UNKNOWN


def final_cause(where: Literal["log", "probe"], text: str) -> str:
    """Return the cause in a text that waiting cannot cure, an empty text where there is none."""
    matches = ((one, one.pattern.search(text)) for one in SYMPTOMS if one.final and one.where == where)
    return next((one.sentence.format(**named(match)) for one, match in matches if match), "")


def named(match: re.Match[str]) -> dict[str, str]:
    """Return the named groups that matched; alternatives of one pattern name theirs host, host_, host__."""
    return {name.rstrip("_"): value for name, value in match.groupdict().items() if value is not None}
