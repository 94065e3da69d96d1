"""Passwords that stand in nothing but a backup, such as those of databases whose containers version 0.3.0 made anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.rarebooks.platform.plugins.module_utils._backup.sealed_passwords import SealedPasswords


class Compose:
    """Understands a file that is JSON; one that is not, it refuses."""

    def __init__(self) -> None:
        self.read = list[str]()

    def __call__(self, argv: list[str], **_how: Any) -> tuple[int, str, str]:
        file = argv[argv.index("--file") + 1]
        self.read.append(file)
        text = Path(file).read_text()
        return (0, text, "") if text.startswith("{") else (1, "", "yaml: line 1")


def sealed(root: Path, identifier: str, password: str) -> None:
    files = root / "backups" / identifier / "files"
    files.mkdir(parents=True)
    service = {"container_name": "shop_db", "environment": {"POSTGRES_PASSWORD": password}}
    others = {"web": {"container_name": "web"}, "other": {"container_name": "other_db", "environment": {"POSTGRES_PASSWORD": "theirs"}}}
    (files / "docker-compose.yml").write_text(json.dumps({"services": {"db": service, **others}}) if password else "- no mapping")
    (files.parent / "manifest.json").write_text("{}")


def test_the_oldest_is_asked_first_and_nothing_more_is_read_than_that(tmp_path: Path) -> None:
    for identifier, password in (("20261101_100000", ""), ("20261102_100000", "by-hand"), ("20261103_100000", "generated")):
        sealed(tmp_path, identifier, password)
    compose = Compose()
    found = SealedPasswords(compose, str(tmp_path), "shop")
    assert compose.read == []
    assert next(iter(found.of("shop_db"))) == "by-hand" and len(compose.read) == 2
    assert list(found.of("shop_db")) == ["by-hand", "generated"] and list(found.of("other_db")) == ["theirs", "theirs"]
    assert len(compose.read) == 3 and list(found.of("web")) == []


def test_a_server_without_backups_has_none(tmp_path: Path) -> None:
    assert list(SealedPasswords(Compose(), str(tmp_path), "shop").of("shop_db")) == []
