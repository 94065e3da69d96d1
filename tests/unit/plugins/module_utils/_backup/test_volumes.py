"""A volume that a proven release had is missed; one that nobody ever proved, or that is as full as its dump, is not."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import manifest as backup_manifest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import volumes
from ansible_collections.rarebooks.platform.plugins.module_utils._base.state import fit
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import Database, Release
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger

OLD, NEW = "2026-11-01T12:00:00Z", "2026-11-20T12:00:00Z"
LONG_AGO, JUST_NOW = 1_700_000_000.0, 1_900_000_000.0
DATABASE = {"container": "shop_db", "name": "Shop", "user": "postgres", "volume": "db_data"}
WANTED = volumes.Wanted("ours", frozenset({"db_data", "images"}), (Database(**DATABASE),))
DESCRIPTION: dict[str, Any] = {
    "apps": [{"name": "shop", "containers": ["shop_db"], "volumes": ["db_data", "images", "gone"], "databases": [DATABASE]}],
}


class Server:
    """A directory that was deployed to, and volumes beside it."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.volumes = directory / "root", directory / "volumes"
        self.root.mkdir()
        self.answer: tuple[int, str] = (0, "")
        self.asked: list[list[str]] = []
        self._made: dict[str, float] = {}
        monkeypatch.setattr(volumes, "_created", lambda path: self._made[path])

    def describe(self, description: dict[str, Any]) -> None:
        (self.root / "release.json").write_text(json.dumps(description))

    def record(self, result: str, ended: str = OLD) -> None:
        ledger.append(str(self.root), {**ledger.BLANK, "result": result, "ended": ended, "release": "r"})

    def seal(self, identifier: str, rows: dict[str, int] | None, created: str = OLD, **options: Any) -> None:
        dump = {"file": "db.dump", "format": "custom", "size": 1, "seconds": 1.0, "tables": rows} if rows is not None else None
        database = {"name": "Shop", "user": "postgres", "schema_query": "", "schema": "", "dump": dump, "proof_seconds": None}
        manifest = backup_manifest.Manifest(
            1,
            identifier,
            created,
            "",
            "",
            "",
            "ours",
            "r",
            {"release.json": {"mode": "0644", "uid": 0, "gid": 0, "size": 0, "sha256": "0" * 64}},
            {},
            dict.fromkeys(options.get("databases", ["shop_db"]), database),
            {"db.dump": {"size": 1, "sha256": "0" * 64}} if dump else {},
            {},
            fit(options.get("description", DESCRIPTION), Release),
            ["shop_db"],
        )
        directory = self.root / "backups" / identifier
        directory.mkdir(parents=True)
        content = (json.dumps(manifest.to_dict()) + "\n").encode()
        (directory / "manifest.json").write_bytes(content)
        (directory / "manifest.json.sha256").write_bytes(backup_manifest.seal_of(content))

    def make(self, *names: str, made: float = LONG_AGO, initialised: bool = True) -> dict[str, str]:
        paths = {name: str(self.volumes / name / "_data") for name in names}
        for path in paths.values():
            os.makedirs(path)
            self._made[path] = made
            if initialised:
                (Path(path) / "PG_VERSION").touch()
        return paths

    def lost(self, paths: dict[str, str]) -> list[tuple[str, str]]:
        return [(one["volume"], one["state"]) for one in self.facts(paths)]

    def facts(self, paths: dict[str, str], wanted: volumes.Wanted = WANTED) -> list[dict[str, Any]]:
        def run(argv: list[str], **options: Any) -> tuple[int, str, str]:
            assert options["data"].startswith("\nSELECT")
            self.asked.append(argv)
            return (*self.answer, "")

        return volumes.lost(run, str(self.root), wanted, paths)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    return Server(tmp_path, monkeypatch)


@pytest.fixture
def deployed(server: Server) -> Server:
    """A server with a proven release and a dump of 12 rows."""
    server.describe(DESCRIPTION)
    server.record("deployed")
    server.seal("20261101_120000", {"public.Books": 10, "public.Users": 2})
    return server


def test_all_is_there_and_nothing_is_asked(deployed: Server) -> None:
    assert deployed.lost(deployed.make("ours_db_data", "ours_images")) == [] and deployed.asked == []


def test_a_volume_without_a_prefix_is_asked_for_by_its_name(deployed: Server) -> None:
    wanted = replace(WANTED, unprefixed=frozenset({"images"}))
    paths = deployed.make("ours_db_data", "images")
    assert deployed.facts(paths, wanted) == []
    [facts] = deployed.facts({"ours_images" if name == "images" else name: path for name, path in paths.items()}, wanted)
    assert (facts["volume"], facts["state"]) == ("images", "missing")


def test_a_volume_is_missing(deployed: Server) -> None:
    [facts] = deployed.facts(deployed.make("ours_images"))
    assert facts == {
        "volume": "ours_db_data",
        "state": "missing",
        "database": "Shop",
        "container": "shop_db",
        "backup": "20261101_120000",
        "others": [],
        "rows_sealed": 12,
        "rows": 0,
    }
    assert deployed.lost({}) == [("ours_db_data", "missing"), ("ours_images", "missing")]


@pytest.mark.parametrize(
    ("answer", "initialised", "lost"),
    [
        # As PostgreSQL initialises it; as the app fills it at its first start; as a person restored it.
        ((0, ""), True, True),
        ((0, "public.Books|0\npublic.Users|2\n"), True, True),
        ((0, "public.Books|10\npublic.Users|2\n"), True, False),
        ((0, "public.Books|99\npublic.Users|2\n"), True, False),
        # Nobody can be asked: what lies there decides, and where something does the seal will complain.
        ((1, ""), False, True),
        ((1, ""), True, False),
    ],
)
def test_a_database_that_is_younger_than_its_dump(answer: tuple[int, str], initialised: bool, lost: bool, deployed: Server) -> None:
    deployed.answer = answer
    paths = deployed.make("ours_db_data", made=JUST_NOW, initialised=initialised) | deployed.make("ours_images")
    assert deployed.lost(paths) == ([("ours_db_data", "empty")] if lost else [])


def test_what_a_later_run_has_proven_is_not_asked_for_again(deployed: Server) -> None:
    """Somebody accepted the empty volume, or a rollback brought the data back."""
    deployed.record("unchanged", "2100-01-01T00:00:00Z")
    assert deployed.lost(deployed.make("ours_db_data", "ours_images", made=JUST_NOW)) == [] and deployed.asked == []


@pytest.mark.parametrize(
    ("results", "lost"),
    [
        ([], []),
        (["refused"], []),
        (["failed"], []),
        (["deployed"], ["ours_db_data", "ours_images"]),
        (["deployed", "refused"], ["ours_db_data", "ours_images"]),
        (["deployed", "restored"], ["ours_db_data", "ours_images"]),
        # What is described may never have served.
        (["deployed", "broken"], []),
        (["deployed", "interrupted"], []),
    ],
)
def test_only_a_proven_release_had_volumes(results: list[str], lost: list[str], server: Server) -> None:
    server.describe(DESCRIPTION)
    for result in results:
        server.record(result)
    assert [name for name, _state in server.lost({})] == lost


def test_a_good_backup_knows_them_as_well(server: Server) -> None:
    server.record("deployed")
    server.record("broken")
    server.seal("20261101_120000", None)
    assert server.lost({}) == [("ours_db_data", "missing"), ("ours_images", "missing")]


def test_a_release_of_before_names_its_databases_alone(server: Server) -> None:
    app = {"name": "shop", "containers": ["shop_db"], "databases": [{"container": "shop_db", "name": "Shop", "user": "postgres"}]}
    server.describe({"apps": [app]})
    server.record("deployed")
    assert server.lost({}) == [("ours_db_data", "missing")]


def test_the_newest_dump_is_named_with_what_else_it_holds(deployed: Server) -> None:
    deployed.seal("20261120_120000", {"public.Books": 20}, NEW, databases=["shop_db", "users_db"])
    deployed.seal("20261121_120000", None, NEW)
    [facts] = deployed.facts(deployed.make("ours_images"))
    assert (facts["backup"], facts["rows_sealed"], facts["others"]) == ("20261120_120000", 20, ["users_db"])


def test_the_age_of_a_volume_is_what_the_engine_says(tmp_path: Path) -> None:
    (tmp_path / "ours/_data").mkdir(parents=True)
    assert volumes._created(str(tmp_path / "ours/_data")) == os.lstat(tmp_path / "ours").st_ctime
    assert volumes._created("") == 0 and volumes._created(str(tmp_path / "gone/_data")) == 0
