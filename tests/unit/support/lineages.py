"""A server's certbot directory without certbot: lineages as it leaves them, and a program that answers in its place."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.settings import Settings
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.live import Pair

DIRECTORY = "https://acme.example/dir"


def settings(root: Path, **others: object) -> Settings:
    """Return the settings of a server below root."""
    (root / "etc/live").mkdir(parents=True, exist_ok=True)
    return Settings.from_dict(
        {
            "host": "shop",
            "path": str(root / "letsencrypt"),
            "directory": DIRECTORY,
            "stack_path": str(root / "stack"),
            "proxy_paths": [],
            "proxy_record": str(root / "loaded.json"),
            "live": str(root / "etc/live"),
            "webroot": str(root / "www"),
            "dns_plugin": "rfc2136",
            **others,
        }
    )


def write(where: Settings, name: str, pair: Pair, authenticator: str = "webroot", server: str = DIRECTORY) -> None:
    """Write a lineage."""
    root = Path(where.path, "certbot")
    version = len(list((root / "archive" / name).glob("fullchain*"))) + 1
    for part in ("renewal", f"archive/{name}", f"live/{name}"):
        (root / part).mkdir(parents=True, exist_ok=True)
    for file, data in (("fullchain", pair.chain), ("privkey", pair.key)):
        (root / f"archive/{name}/{file}{version}.pem").write_bytes(data)
        link = root / f"live/{name}/{file}.pem"
        link.unlink(missing_ok=True)
        link.symlink_to(f"../../archive/{name}/{file}{version}.pem")
    (root / f"renewal/{name}.conf").write_text(
        f"version = 4.0.0\n[renewalparams]\nauthenticator = {authenticator}\nserver = {server}\nkey_type = ecdsa\n"
    )


class Program:
    """Answers in certbot's place, and keeps what it was asked."""

    def __init__(self, *answers: Callable[[], tuple[int, str]]) -> None:
        self.asked: list[list[str]] = []
        self.environment: dict[str, str] = {}
        self._answers = list(answers)

    def __call__(self, argv: list[str], environment: dict[str, str]) -> tuple[int, str]:
        self.asked.append(argv)
        self.environment = environment
        return self._answers.pop(0)()

    def option(self, name: str) -> list[str]:
        """Return the values of an option of the last command."""
        last = self.asked[-1]
        return [last[position + 1] for position, word in enumerate(last) if word == name]


def says(code: int, output: str = "") -> Callable[[], tuple[int, str]]:
    return lambda: (code, output)


def issues(where: Settings, name: str, pair: Pair, **options: str) -> Callable[[], tuple[int, str]]:
    """Return an answer that leaves a new version of a lineage."""

    def answer() -> tuple[int, str]:
        write(where, name, pair, **options)
        return 0, "Successfully received certificate.\n"

    return answer


def files(root: str) -> dict[str, str]:
    """Return every file and link below a directory with its content or target."""
    found = {}
    for parent, _directories, names in os.walk(root):
        for name in names:
            path = os.path.join(parent, name)
            text = f"-> {os.readlink(path)}" if os.path.islink(path) else Path(path).read_text()
            found[os.path.relpath(path, root)] = text
    return found
