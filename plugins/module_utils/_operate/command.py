# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What modules that change a running server have in common: where things lie, what is live, and a run that ends on the server."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .._base.command import RunCommand
from .._base.errors import PlatformError, describe, facts_of
from .._engine.client import connect
from .._release.description import Release
from .._run import lease, ledger
from .._secrets import kept
from .._switch.server import Server
from .._tree import desired
from . import standing
from .record import Record

# The options of such modules, beside their own.
OPTIONS: dict[str, Any] = {
    "path": {"type": "path", "required": True},
    "project": {"type": "str", "required": True},
    "secrets_file": {"type": "path", "no_log": False},
    "proxy_paths": {"type": "list", "elements": "path", "default": []},
    "proxy_record": {"type": "path", "required": True},
    "deadline": {"type": "int", "default": 0},
    "backup": {"type": "str", "default": ""},
    "run": {"type": "dict", "default": {}},
    "lease_directory": {"type": "path", "default": lease.DIRECTORY},
}


class CommandError(PlatformError):
    """The command was refused, or failed; result is the ledger's word for how it ended."""


@dataclass(frozen=True)
class Command:
    """A command on the server, and the release that it finds live."""

    server: Server
    release: Release
    run: ledger.Run
    place: lease.Place
    backup: str

    @classmethod
    def from_params(cls, params: Mapping[str, Any], run_command: RunCommand) -> Command:
        """Return what a module was given, once it is known that the server runs one release of ours and no half of another."""
        root, project = os.path.normpath(params["path"]), params["project"]
        release = standing.release_of(root)
        standing.refuse_cut_off(root)
        trusted = (release.ca_file or None, release.certificates_on_disk)
        secrets = kept.live_masks(root, desired.load_secrets(params["secrets_file"]))
        places = (list(params["proxy_paths"]), params["proxy_record"])
        server = Server(connect(), run_command, root, project, *places, *trusted, params["deadline"], secrets)
        return cls(server, release, ledger.Run.from_dict(params["run"]), lease.Place(root, params["lease_directory"]), params["backup"])

    def carry_out(
        self, step: str, work: Callable[[], Mapping[str, str]], tidy: Callable[[], list[str]] = list
    ) -> tuple[str, list[str], float]:
        """Do what changes the server, and record how it ended; return the release that is live then, what to tell, and seconds.

        Work returns why containers were started. A release of which everything serves is proven by that. Tidy removes what nothing needs
        any more, once that is recorded, and returns what to tell.
        """
        began = time.monotonic()
        record = Record(self.place, self.run, step, self.backup)
        record.begin()
        try:
            reasons = work()
            digest = standing.proven(self.server)
        except Exception as error:
            facts = {"result": "failed", **facts_of(error)}
            record.write(str(facts["result"]), error)
            raise CommandError(describe(error), **facts) from error
        record.write("done", release=digest, reasons=reasons)
        told = tidy()
        return digest, [*told, *record.problems, *self.server.logs.problems], round(time.monotonic() - began, 1)
