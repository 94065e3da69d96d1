# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A change of daemon.json in one step: validated, taken by the engine, and otherwise undone with the containers left running."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._base.command import RunCommand
from .._base.errors import PlatformError
from .._base.files import make_directory, read_if_exists, sync_directory, write_durably
from . import dockerd

MODE = 0o644
LIVE_RESTORE = "live-restore"
# What a running engine takes when it is told to reload; everything else needs a restart.
RELOADABLE = frozenset(
    {"debug", "labels", LIVE_RESTORE, "max-concurrent-downloads", "max-concurrent-uploads", "max-download-attempts",
     "insecure-registries", "registry-mirrors", "shutdown-timeout", "features"}
)  # fmt: skip
RELOAD_SECONDS = 10
LOG_LINES = 8


class EngineError(PlatformError):
    """The engine does not run with the new configuration; the message says what is the case instead."""


def needs_restart(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Say whether a change holds more than what a running engine can be told."""
    return any(before.get(key) != after.get(key) for key in (before.keys() | after.keys()) - RELOADABLE)


def parse(content: bytes | None) -> dict[str, Any]:
    """Return the options of a file; one that does not parse counts as empty, since it is about to be replaced."""
    try:
        loaded = json.loads(content or b"{}")
    except ValueError:
        return {}
    return loaded if isinstance(loaded, dict) else {}


def dump(options: Mapping[str, Any]) -> bytes:
    """Return the file with these options."""
    return (json.dumps(options, indent=2, sort_keys=True) + "\n").encode()


@dataclass
class Engine:
    """The engine as systemd and its own command line show it."""

    run_command: RunCommand
    timeout: int

    def _run(self, *argv: str, seconds: int = 0) -> tuple[int, str]:
        """Run a command, for at most so many seconds, and return its exit code and everything that it said."""
        try:
            code, output, errors = self.run_command(["timeout", str(seconds or self.timeout), *argv], handle_exceptions=False)
        except OSError as error:
            return 127, str(error)
        return code, (output + errors).strip()

    def installed(self) -> bool:
        """Say whether there is an engine at all."""
        return self._run("dockerd", "--version")[0] == 0

    def validate(self, path: str) -> None:
        """Have the engine's own program check a configuration, with the flags it is started with."""
        self._run("systemctl", "daemon-reload")
        unit = dockerd.read_unit(lambda *argv: self._run(*argv)[1])
        code, said = self._run(*(unit.command or ["dockerd"]), "--validate", f"--config-file={path}")
        if code != 0:
            raise EngineError(f"the engine refuses it: {said.splitlines()[-1] if said else f'exit code {code}'}. Nothing has been changed.")

    def answers(self) -> bool:
        """Say whether the engine answers."""
        return self._run("docker", "version", "--format", "{{.Server.Version}}", seconds=10)[0] == 0

    def live_restores(self) -> bool:
        """Say whether the engine's containers would outlive a restart."""
        return self._run("docker", "info", "--format", "{{.LiveRestoreEnabled}}", seconds=10)[1] == "true"

    def reload(self, live_restore: bool) -> bool:
        """Have the engine read what it can while it runs; return whether it took live-restore."""
        self._run("systemctl", "reload", dockerd.UNIT)
        deadline = time.monotonic() + RELOAD_SECONDS
        while self.live_restores() != live_restore:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True

    def restart(self) -> bool:
        """Restart or start the engine; return whether it answers."""
        # An engine that failed a few times is not started any more, nor is the socket that would start it.
        self._run("systemctl", "reset-failed", dockerd.UNIT, "docker.socket")
        # The unit is started when the engine has said that it is ready.
        code, _said = self._run("systemctl", "restart", dockerd.UNIT)
        return code == 0 and self.answers()

    def last_words(self) -> str:
        """Return the end of the engine's log, errors before anything else."""
        _code, said = self._run("journalctl", "--unit", dockerd.UNIT, "--lines=60", "--output=cat", "--no-pager", seconds=20)
        # systemd has tried several times, and each said the same.
        lines = list(dict.fromkeys(said.splitlines()))
        return "\n".join([line for line in lines if "failed to start" in line][-LOG_LINES:] or lines[-LOG_LINES:])


class Change:
    """A change of the file, with the file of before beside it until the engine is seen to run with the new one."""

    def __init__(self, path: str, before_path: str, options: Mapping[str, Any]) -> None:
        self.path, self._before_path = path, before_path
        self.after = dump(options)
        self._options = dict(options)
        kept = read_if_exists(before_path)
        self.interrupted = kept is not None
        # An interrupted change leaves what nobody has proven; what was before that is what the engine ran with.
        self.before = (kept or None) if self.interrupted else read_if_exists(path)
        self._mode = stat.S_IMODE(os.stat(path).st_mode) if os.path.exists(path) else MODE

    @property
    def needed(self) -> bool:
        """Say whether the file says something else, or was not proven."""
        now = read_if_exists(self.path)
        return self.interrupted or now is None or parse(now) != self._options

    @property
    def restarts(self) -> bool:
        """Say whether a running engine has to be restarted for it."""
        return self.interrupted or needs_restart(parse(self.before), self._options)

    def diff(self) -> dict[str, str]:
        """Return what differs, and nothing of the rest, which may hold a proxy's password."""
        before = parse(read_if_exists(self.path))
        keys = {key for key in before.keys() | self._options.keys() if before.get(key) != self._options.get(key)}
        old, new = (dump({key: value for key, value in one.items() if key in keys}).decode() for one in (before, self._options))
        return {"before": old, "after": new, "before_header": self.path, "after_header": self.path}

    def make(self, engine: Engine) -> None:
        """Bring the change about, or leave everything as it was and raise EngineError."""
        make_directory(os.path.dirname(self.path))
        candidate = self.path + ".new"
        write_durably(candidate, self.after, self._mode)
        try:
            engine.validate(candidate)
            running = engine.answers()
            write_durably(self._before_path, self.before or b"", self._mode)
            os.rename(candidate, self.path)
            sync_directory(os.path.dirname(self.path))
        finally:
            if os.path.exists(candidate):
                os.unlink(candidate)
        self._take(engine, running)
        self._forget()

    def _take(self, engine: Engine, running: bool) -> None:
        outlive = bool(self._options.get(LIVE_RESTORE))
        if running and not engine.reload(outlive):
            words = engine.last_words()
            self._put_back()
            engine.reload(bool(parse(self.before).get(LIVE_RESTORE)))
            self._forget()
            raise EngineError(f"the engine did not take it over while it runs. The file is as it was, nothing was restarted.\n{words}")
        if (self.restarts or not running) and not engine.restart():
            words = engine.last_words()
            raise EngineError(f"{self._undo(engine, outlive and running)}\n{words}")

    def _undo(self, engine: Engine, outlived: bool) -> str:
        """Start the engine with the file of before, and say how that went.

        An engine that starts without live-restore stops the containers it finds running. So it starts with, and is told afterwards.
        """
        before = parse(self.before)
        if outlived and not before.get(LIVE_RESTORE):
            write_durably(self.path, dump(before | {LIVE_RESTORE: True}), self._mode)
        else:
            self._put_back()
        answers = engine.restart()
        self._put_back()
        self._forget()
        if not answers:
            return f"the engine does not start with it, and not with the file of before either, which is back in {self.path}."
        engine.reload(bool(before.get(LIVE_RESTORE)))
        return "the engine does not start with it. The file of before is back, and the engine runs with it."

    def _put_back(self) -> None:
        if self.before is not None:
            write_durably(self.path, self.before, self._mode)
        elif os.path.exists(self.path):
            os.unlink(self.path)

    def _forget(self) -> None:
        if os.path.exists(self._before_path):
            os.unlink(self._before_path)
            sync_directory(os.path.dirname(self._before_path))
