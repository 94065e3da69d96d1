"""A server whose releases are numbers, deployed, failed, rolled back and sealed as runs do it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from ansible_collections.rarebooks.platform.plugins.module_utils._backup import listing, prune, verdict
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.listing import Found
from ansible_collections.rarebooks.platform.plugins.module_utils._base.files import sha256
from ansible_collections.rarebooks.platform.plugins.module_utils._release import live as release_live
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import plan
from backup_support import NOON, PROJECT, Engine, sealed


class Server:
    """A server whose releases are numbers: each has a file and an image of that number."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.engine = Engine(str(root))
        self.ledger: list[dict[str, Any]] = []
        self.hour = 0

    def make_live(self, number: int) -> None:
        """Write the tree of a release as a deploy does, with the list of what is ours, and run its container."""
        self.write(number)
        owned = {name: plan.Owned(sha256((self.root / name).read_bytes()), "0644") for name in ("docker-compose.yml", "release.json")}
        (self.root / plan.MANIFEST).write_bytes(plan.dump_manifest(owned))
        (self.root / plan.MANIFEST).chmod(0o600)

    def make_by_hand(self, number: int) -> None:
        """Run a release that nobody has deployed."""
        self.write(number)
        (self.root / "release.json").unlink()

    def write(self, number: int) -> None:
        (self.root / "docker-compose.yml").write_text(f"services: {{}} # {number}\n")
        (self.root / "release.json").write_text('{"apps": [{"name": "web", "containers": ["web"]}]}\n')
        self.engine.run("web", f"web:{number}", f"sha256:{number:064}")

    @property
    def live(self) -> release_live.Live:
        return release_live.read(str(self.root), PROJECT, self.engine.client)

    def seal(self) -> str:
        self.hour += 1
        return sealed(self.root, self.engine, NOON + timedelta(hours=self.hour)).id

    def deploy(self, number: int, result: str = "deployed", action: str = "deploy") -> str:
        """Seal what is live, make a release live, and record that; a failed one leaves what was live."""
        identifier = self.seal() if (self.root / "docker-compose.yml").exists() else ""
        if result in ("deployed", "rolled back"):
            self.make_live(number)
        run = ledger.Run(str(len(self.ledger)), action)
        self.ledger.append(ledger.entry(run, result, 1.0, release=self.live.digest, backup=identifier))
        return identifier

    @property
    def backups(self) -> list[Found]:
        return listing.find_all(str(self.root))

    def previous(self) -> str:
        return verdict.previous(self.backups, self.ledger, self.live).id

    def to_remove(self, keep: int = 5, days: int = 0, hours: float = 1000, most: int = 1 << 40) -> list[str]:
        rule = prune.Rule(keep, days, most)
        return prune.expired(self.backups, self.ledger, self.live.digest, rule, NOON + timedelta(hours=hours))
