"""A server whose switches are played; files, backups, journal and ledger are real."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._release import journal as release_journal
from ansible_collections.rarebooks.platform.plugins.module_utils._release.journal import Journal
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import target as switch_target
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import transaction
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.server import Server
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.switch import Switched, SwitchError
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.target import Target
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.transaction import SwitchRequest, carry_out
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import plan as tree_plan
from ansible_collections.rarebooks.platform.plugins.module_utils._tree.desired import TreeError
from backup_support import PROJECT, Engine, description

RUN = {"token": "t"}
GATE = SwitchError("The health gate gave up: web died.", failed_fast=True)


class Stage:
    """A server whose switches succeed or fail as they are told, one after another."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        (root / "docker-compose.yml").write_text("services: {}\n")
        self.engine = Engine(str(root))
        self.engine.run("web", "web:1", "sha256:" + "1" * 64)
        self.server = Server(self.engine.client, lambda *_a, **_k: (0, "", ""), str(root), PROJECT, [], "", "/new/ca.pem", False, 0, {})
        self.outcomes: list[Exception | None] = []
        self.goals: list[Target] = []
        self.extra: list[set[str]] = []
        self.recorded: list[str] = []
        self.noted: list[Journal | None] = []
        self.servers: list[Server] = []
        monkeypatch.setattr(transaction, "switch", self.switch)

    def switch(
        self,
        server: Server,
        target: Target,
        plan: tree_plan.Plan,
        extra: set[str],
        validate: Callable[[str], None] = lambda _tree: None,
        begin: Callable[[], None] = lambda: None,
        between: Callable[[], None] = lambda: None,
    ) -> Switched:
        outcome = self.outcomes.pop(0)
        self.goals.append(target)
        self.servers.append(server)
        self.extra.append(extra)
        if isinstance(outcome, TreeError):
            raise outcome  # A validator refuses before anything has begun.
        begin()
        self.noted.append(release_journal.read(str(self.root)))
        between()
        if outcome:
            raise outcome
        return Switched(plan, started=["web"], seconds=1.5)

    def run(self, *outcomes: Exception | None, backup: str = "") -> Switched:
        self.outcomes = list(outcomes)
        target = switch_target.from_inventory([], description("web", "chat"))
        plan = tree_plan.Plan(str(self.root), [], {}, {}, {}, {}, False)
        return carry_out(
            self.server, SwitchRequest(target, RUN, backup), plan, lambda result, _error, _reasons: self.recorded.append(result)
        )

    @property
    def journal(self) -> Journal | None:
        return release_journal.read(str(self.root))
