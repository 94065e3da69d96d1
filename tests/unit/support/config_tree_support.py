"""Running config_tree in this process, and looking at what it did to a directory."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from ansible_collections.rarebooks.platform.plugins.modules import config_tree

MANIFEST = ".config_tree.json"
STAGED = ".config_tree.staged"


class Module:
    """As much of an AnsibleModule as config_tree.run needs."""

    def __init__(self, params: dict[str, Any], tmpdir: Path, check_mode: bool) -> None:
        self.params = params
        self.tmpdir = str(tmpdir)
        self.check_mode = check_mode
        self._diff = True

    def run_command(self, argv: list[str], **_options: Any) -> tuple[int, str, str]:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr


class Tree:
    """A tree on a pretended server, with secrets and a temporary directory beside it."""

    def __init__(self, base: Path) -> None:
        self.root = base / "tree"
        self.tmpdir = base / "remote_tmp"
        self.tmpdir.mkdir(exist_ok=True)
        self.secrets = base / "secrets.json"

    def run(
        self,
        public: dict[str, str],
        private: dict[str, str] | None = None,
        check: bool = False,
        validators: list[dict[str, Any]] | None = None,
    ) -> dict[str, Any]:
        files = [{"path": path, "content": text, "private_content": None} for path, text in public.items()]
        files += [{"path": path, "content": None, "private_content": text} for path, text in (private or {}).items()]
        params = {"path": str(self.root), "roles": [], "files": files, "secrets_file": str(self.secrets), "validators": validators or []}
        return config_tree.run(Module(params, self.tmpdir, check))


def contents(root: Path) -> dict[str, Any]:
    """Return what a tree is: the mode and bytes of each file, the mode of each directory."""
    return {
        str(path.relative_to(root)): (path.stat().st_mode, path.read_bytes() if path.is_file() else None)
        for path in sorted(root.rglob("*"))
    }


def snapshot(base: Path) -> dict[str, Any]:
    """Return all that a write of any kind would change."""
    found: dict[str, Any] = {}
    for path in [base, *sorted(base.rglob("*"))]:
        status = path.lstat()
        content = path.read_bytes() if path.is_file() else None
        found[str(path)] = (status.st_ino, status.st_mode, status.st_uid, status.st_mtime_ns, status.st_ctime_ns, content)
    return found
