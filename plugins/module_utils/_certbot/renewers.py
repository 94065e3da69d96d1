# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who renews certificates that we do not: certbot or acme.sh, what starts it, and whether it can succeed behind our proxy."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from glob import glob
from typing import Any

from .._base.command import RunCommand
from .._base.files import read_if_exists
from .._server.system import units
from .settings import Settings

CERTBOT, ACME_SH = "certbot", "acme.sh"
# Where the proxy finds what it serves under /.well-known/acme-challenge/ on port 80.
WEBROOT = Settings.webroot
# What starts a renewal, in a line of cron, a script or a unit.
COMMANDS = {
    CERTBOT: re.compile(r"\b(certbot|certbot-auto|letsencrypt|letsencrypt-auto)\b[^#\n]*\brenew\b"),
    ACME_SH: re.compile(r"\bacme\.sh\b[^#\n]*--(cron|renew)"),
}
TIMERS = ("certbot.timer", "snap.certbot.renew.timer")
OURS = "rarebooks-"
CRONTABS = ("etc/crontab", "etc/cron.d/*", "etc/cron.hourly/*", "etc/cron.daily/*", "etc/cron.weekly/*", "etc/cron.monthly/*")
USERS_CRONTABS = ("var/spool/cron/crontabs/*", "var/spool/cron/*")
ACME_SH_SETTINGS = ("root/.acme.sh/*/*.conf", "home/*/.acme.sh/*/*.conf")
# Debian's own line for certbot does nothing where systemd runs: its timer does.
UNLESS_SYSTEMD = "/run/systemd/system"
LARGEST_SCRIPT = 65536


@dataclass(frozen=True)
class Renewer:
    """Who renews one certificate; no program where nobody is known, and not started where nothing is known to start it."""

    program: str = ""
    started_by: str = ""
    authenticator: str = ""
    # Why it will fail behind our proxy, nothing where it will not.
    obstacle: str = ""

    def __str__(self) -> str:
        if not self.program:
            return "nobody known"
        how = f" with the authenticator {self.authenticator}" if self.authenticator else ""
        return f"{self.program}{how}, started by {self.started_by or 'nothing known'}"


def warnings(name: str, renewer: Renewer) -> list[str]:
    """Return what somebody has to see to before the certificate ends."""
    where, ours = f"Certificate {name}", "or set certificates_mode: letsencrypt, which renews it from here on"
    if not renewer.program:
        return [
            f"{where}: expected somebody who renews it, got neither /etc/letsencrypt/renewal/{name}.conf nor settings of acme.sh that name "
            f"it. Renew it by hand in time, {ours}."
        ]
    texts = []
    if not renewer.started_by:
        texts.append(
            f"{where}: expected something that starts {renewer.program} to renew it, got no active timer, no line of cron and no running "
            f"container that does. Start one, as with `systemctl enable --now certbot.timer`, {ours}."
        )
    if renewer.obstacle:
        texts.append(
            f"{where}: expected a renewal that succeeds behind this proxy, got {renewer.program} with the authenticator "
            f"{renewer.authenticator}: {renewer.obstacle}. Have it use the webroot {WEBROOT}, which the proxy serves on port 80, {ours}."
        )
    return texts


class Renewers:
    """What renews certificates on this server, read once."""

    def __init__(self, run_command: RunCommand, root: str = "/") -> None:
        self._run_command = run_command
        self._root = root
        self._containers = _containers(run_command)
        self._starts = {program: self._start(program) for program in COMMANDS}

    def of(self, name: str) -> Renewer:
        """Return who renews a certificate."""
        return self._by_certbot(name) or self._by_acme_sh(name) or Renewer()

    def _by_certbot(self, name: str) -> Renewer | None:
        text = self._read(f"etc/letsencrypt/renewal/{name}.conf")
        if text is None:
            return None
        said = dict(re.findall(r"^(\w+) = (.*)$", text, re.MULTILINE))
        kind = said.get("authenticator", "")
        paths = [path.strip() for path in said.get("webroot_path", "").split(",") if path.strip()]
        paths += re.findall(r"^[\w.*-]+ = (/.*)$", text.partition("[[webroot_map]]")[2], re.MULTILINE)
        freed = "pre_hook" in said or bool(glob(os.path.join(self._root, "etc/letsencrypt/renewal-hooks/pre/*")))
        asks = kind == "manual" and "manual_auth_hook" not in said
        return Renewer(CERTBOT, self._starts[CERTBOT], kind, self._obstacle(CERTBOT, "asks" if asks else kind, paths, freed))

    def _by_acme_sh(self, name: str) -> Renewer | None:
        target = f"/etc/letsencrypt/live/{name}/"
        for path in self._files(ACME_SH_SETTINGS):
            said = dict(re.findall(r"^(Le_\w+)='(.*)'$", self._read(path) or "", re.MULTILINE))
            if said.get("Le_RealFullChainPath", "").startswith(target):
                how = said.get("Le_Webroot", "")
                kind = {"no": "standalone", "apache": "apache"}.get(how, how.partition(":")[0])
                kind, paths = ("webroot", [how]) if how.startswith("/") else (kind, [])
                obstacle = self._obstacle(ACME_SH, kind, paths, freed=bool(said.get("Le_PreHook")))
                return Renewer(ACME_SH, self._starts[ACME_SH], kind, obstacle)
        return None

    def _obstacle(self, program: str, kind: str, paths: Sequence[str], freed: bool) -> str:
        if kind in ("nginx", "apache"):
            return f"it changes the configuration of {kind} on the server itself, and nginx in the container answers on port 80"
        if kind == "standalone" and not freed:
            return "it has to listen on port 80 itself, which the proxy holds"
        if kind == "asks":
            return "it asks somebody at a terminal"
        elsewhere = sorted({place for path in paths if (place := self._on_server(program, path.rstrip("/"))) != WEBROOT})
        if kind == "webroot" and elsewhere:
            return f"it leaves challenges in {', '.join(elsewhere)} on the server"
        return ""

    def _on_server(self, program: str, path: str) -> str:
        """Return where a path lies on the server, also one in the container that the program runs in."""
        if self._starts[program].startswith("container "):
            for container in self._containers:
                if self._starts[program] == f"container {container['Name'].lstrip('/')}":
                    for mount in sorted(container["Mounts"], key=lambda one: -len(one["Destination"])):
                        if f"{path}/".startswith(f"{mount['Destination'].rstrip('/')}/"):
                            return f"{mount['Source']}{path[len(mount['Destination'].rstrip('/')) :]}"
        return path

    def _start(self, program: str) -> str:
        """Return what starts a program to renew, nothing where nothing is known to."""
        return next(iter((*self._timers(program), *self._scheduled(program), *self._in_containers(program))), "")

    def _timers(self, program: str) -> Iterator[str]:
        names = list(TIMERS) if program == CERTBOT else []
        for path in self._files(["etc/systemd/system/*.timer"]):
            name = os.path.basename(path)
            service = self._read(f"{path.removesuffix('.timer')}.service") or ""
            if not name.startswith(OURS) and name not in names and COMMANDS[program].search(service):
                names.append(name)
        for name, state in units(self._run_command, names).items():
            if state["active"] == "active":
                yield name

    def _scheduled(self, program: str) -> Iterator[str]:
        for path in self._files([*CRONTABS, *USERS_CRONTABS]):
            for line in (self._read(path) or "").splitlines():
                if line.lstrip().startswith("#") or UNLESS_SYSTEMD in line:
                    continue
                if COMMANDS[program].search(line) or any(self._is_script(word, program) for word in line.split()):
                    yield f"/{path}"

    def _is_script(self, word: str, program: str) -> bool:
        """Say whether a word of a command is a script that renews: many put it into a file of their own."""
        path = os.path.join(self._root, word.lstrip("/"))
        if not word.startswith("/") or not os.path.isfile(path) or os.path.getsize(path) > LARGEST_SCRIPT:
            return False
        lines = (self._read(word.lstrip("/")) or "").splitlines()
        commands = [line for line in lines if not line.lstrip().startswith("#")]
        return any(line.startswith("#!") for line in lines[:1]) and any(COMMANDS[program].search(line) for line in commands)

    def _in_containers(self, program: str) -> Iterator[str]:
        for container in self._containers:
            if program in str(container["Config"]["Image"]) and container["State"]["Running"]:
                yield f"container {container['Name'].lstrip('/')}"

    def _files(self, patterns: Sequence[str]) -> list[str]:
        """Return the files below the root, without it; a link to another one of them is no second one."""
        found = {path for pattern in patterns for path in glob(os.path.join(self._root, pattern)) if os.path.isfile(path)}
        return sorted(os.path.relpath(path, self._root) for path in found)

    def _read(self, path: str) -> str | None:
        data = read_if_exists(os.path.join(self._root, path))
        return None if data is None else data.decode("utf-8", "replace")


def _containers(run_command: RunCommand) -> list[Mapping[str, Any]]:
    """Return what the engine says of the containers that may renew; none where no engine answers."""
    try:
        code, output, _error = run_command(["docker", "ps", "--format", "{{.ID}} {{.Image}}"], handle_exceptions=False)
        found = [line.split()[0] for line in output.splitlines() if code == 0 and any(program in line for program in COMMANDS)]
        if not found:
            return []
        _code, output, _error = run_command(["docker", "container", "inspect", *found], handle_exceptions=False)
        described: list[Mapping[str, Any]] = json.loads(output)
    except (OSError, ValueError):
        return []
    return described
