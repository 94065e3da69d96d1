"""A release whose databases would not find their data is refused, with what to do instead."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.client import DatabaseError
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.cluster import DATA, VERSION_FILE, Cluster
from ansible_collections.rarebooks.platform.plugins.module_utils._release import database_volumes
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, Database, Release
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import clusters
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.clusters import ClusterError, Going, Images
from machine import Machine

DATABASE = Database(container="db", name="chat", user="postgres", volume="data")
RELEASE = Release(apps=(App(name="chat", containers=("db", "web"), databases=(DATABASE,)),))
BACKUP = "20261126_120000"


class Lab:
    """What is live and what is wanted, by the volumes that lie in a directory."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.live, self.wanted = root, dict[str, Cluster](), dict[str, Cluster]()
        self.rows: int | None = 0
        self.mounted = "shop_data_17"
        monkeypatch.setattr(clusters, "document", lambda _server, tree: {"services": {}, "tree": tree})
        monkeypatch.setattr(clusters, "clusters", self._clusters)
        live = Release(apps=RELEASE.apps)
        monkeypatch.setattr(clusters.live, "stated", lambda _root: live)
        monkeypatch.setattr(clusters.exchange, "rows_written", self._written)
        monkeypatch.setattr(clusters.postgres_cluster, "volume_path", lambda _client, name: str(root / name.removeprefix("shop_")))

    def _clusters(self, _server: Any, release: Release, _document: Any, _images: Any) -> dict[str, Cluster]:
        return self.wanted if release is RELEASE else self.live

    def _written(self, *_database: Any) -> int:
        if self.rows is None:
            raise DatabaseError("db", "it does not answer", "an answer", "none", "")
        return self.rows

    def cluster(self, image: int, volume: str, version: int, below: str = "") -> Cluster:
        path = self.root / volume
        (path / below).mkdir(parents=True, exist_ok=True)
        if version:
            (path / below / VERSION_FILE).write_text(str(version))
        return Cluster(f"postgres:{image}", image, volume, str(path), DATA, DATA)

    def check(self, **going: Any) -> list[str]:
        server: Any = SimpleNamespace(root=str(self.root), client=None, project="shop")
        return clusters.check(server, RELEASE, "tree", Going(**going), Images())


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    return Lab(tmp_path, monkeypatch)


@pytest.fixture
def upgraded(lab: Lab) -> Lab:
    """After an upgrade, where something asks for what was before."""
    lab.live = {"db": lab.cluster(17, "data_17", 17)}
    lab.wanted = {"db": lab.cluster(15, "data", 15)}
    database_volumes.note(str(lab.root), "data_17", 40)
    lab.rows = 40
    return lab


def test_what_fits_is_not_refused(lab: Lab) -> None:
    lab.live = lab.wanted = {"db": lab.cluster(15, "data", 15)}
    assert lab.check() == []
    # A first deploy, and an image that does not say what it is.
    lab.live, lab.wanted = {}, {"db": lab.cluster(17, "fresh", 0)}
    assert lab.check() == []
    lab.wanted = {"db": lab.cluster(0, "data", 15)}
    assert lab.check() == []


def test_an_image_of_another_version_is_refused_with_the_way_there(lab: Lab) -> None:
    lab.live, lab.wanted = {"db": lab.cluster(15, "data", 15)}, {"db": lab.cluster(17, "data", 15)}
    with pytest.raises(ClusterError, match=r"Nothing has been changed\..*upgrade_database\.yml -e app=chat -e to=17"):
        lab.check()
    lab.wanted = {"db": lab.cluster(13, "data", 15)}
    with pytest.raises(ClusterError, match="no data go to an older version"):
        lab.check()


def test_an_image_that_looks_elsewhere_would_start_empty_and_is_refused(lab: Lab) -> None:
    lab.live = {"db": lab.cluster(15, "data", 15)}
    moved = Cluster("postgres:18", 18, "", "", "/var/lib/postgresql/18/docker", "/var/lib/postgresql/18/docker")
    lab.wanted = {"db": moved}
    with pytest.raises(ClusterError, match=r"to find the data of PostgreSQL 15 in volume data.*-e to=18"):
        lab.check()


def test_where_nobody_knows_where_an_image_looks_nothing_is_said(lab: Lab) -> None:
    """Such as one by its digest that is not pulled yet: 18 looks below its mount, where its data are."""
    lab.cluster(18, "data", 18, "18/docker")
    unknown = Cluster("postgres@sha256:18ab", 0, "data", str(lab.root / "data"), "/var/lib/postgresql", DATA, certain=False)
    lab.live = {"db": replace(unknown, directory="/var/lib/postgresql/18/docker", certain=True)}
    assert lab.live["db"].version == 18
    lab.wanted = {"db": unknown}
    assert lab.check() == []
    # As one whose entrypoint says where, and whose mount is none of those that are known.
    lab.wanted = {"db": replace(unknown, volume="", path="", target=DATA)}
    assert lab.check() == []
    # A volume of another name that holds data at all is somebody's own business, one without any is not.
    lab.live = {"db": lab.cluster(18, "today", 18)}
    lab.wanted = {"db": unknown}
    assert lab.check() == []
    lab.cluster(0, "fresh", 0)
    lab.wanted = {"db": replace(unknown, volume="fresh", path=str(lab.root / "fresh"))}
    with pytest.raises(ClusterError, match="which holds none"):
        lab.check()


def test_another_part_of_the_same_volume_is_another_volume(lab: Lab) -> None:
    found = lab.cluster(17, "data", 17, "chat")
    lab.live = {"db": replace(found, path=str(lab.root / "data/chat"), below="chat")}
    lab.wanted = {"db": replace(found, path=str(lab.root / "data/caht"), below="caht")}
    with pytest.raises(ClusterError, match=r"expected volume data/chat with today's data.*got data/caht, which holds none"):
        lab.check()


def test_a_deploy_of_the_volume_of_before_is_refused_with_the_lines(upgraded: Lab) -> None:
    with pytest.raises(ClusterError, match=r"Put into the inventory: chat_db_image: postgres:17 and chat_db_volume_suffix: _17"):
        upgraded.check()
    # Also one that would be empty.
    upgraded.wanted = {"db": upgraded.cluster(17, "data_71", 0)}
    with pytest.raises(ClusterError, match="which holds none"):
        upgraded.check()


def test_one_that_ends_a_switch_that_was_cut_off_goes_back_where_nothing_is_lost(upgraded: Lab) -> None:
    assert upgraded.check(cut_off=True) == []
    for rows in (41, None):
        upgraded.rows = rows
        with pytest.raises(ClusterError, match="Put into the inventory"):
            upgraded.check(cut_off=True)


def test_a_rollback_goes_back_until_rows_are_written(upgraded: Lab) -> None:
    assert "is that of PostgreSQL 15 in volume data again" in upgraded.check(to=BACKUP)[0]
    upgraded.rows = 43
    with pytest.raises(ClusterError, match=rf"without 3 rows written.*rollback_to={BACKUP} -e rollback_confirm=true"):
        upgraded.check(to=BACKUP)
    assert "without 3 rows" in upgraded.check(to=BACKUP, confirmed=True)[0]


def test_what_nobody_knows_counts_as_written(upgraded: Lab) -> None:
    """Such as where statistics were reset by a crash, or the database does not answer."""
    for rows in (3, None):
        upgraded.rows = rows
        with pytest.raises(ClusterError, match="without what was written"):
            upgraded.check(to=BACKUP)


def test_dumps_are_not_restored_over_an_upgrade(upgraded: Lab) -> None:
    with pytest.raises(ClusterError, match="Go back without rollback_restore_database"):
        upgraded.check(to=BACKUP, databases=True, confirmed=True)


@pytest.mark.parametrize("gone", [True, False])
@pytest.mark.parametrize("databases", [True, False])
def test_a_rollback_to_a_volume_without_data_is_refused_with_the_way_to_have_its_rows(upgraded: Lab, gone: bool, databases: bool) -> None:
    """As where it was removed, or lost: a database would be made anew there, and serve."""
    upgraded.cluster(15, "empty", 0)
    upgraded.wanted = {"db": Cluster("postgres:15", 15, "data", "" if gone else str(upgraded.root / "empty"), DATA, DATA)}
    command = f"database.yml -e operation=restore -e database=chat -e from={BACKUP} -e confirm=chat"
    with pytest.raises(ClusterError, match=f"volume data.*Nothing has been changed.*volume data_17.*{command}"):
        upgraded.check(to=BACKUP, confirmed=True, databases=databases)


def test_data_that_were_moved_by_hand_are_somebodys_own_business(upgraded: Lab) -> None:
    upgraded.wanted = {"db": upgraded.cluster(17, "elsewhere", 17)}
    assert upgraded.check() == []


def test_both_releases_are_judged_by_the_ids_of_their_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A switch puts those of a backup back, and what runs was made of another one than its name means today."""
    asked = []

    def cluster_of(_client: Any, _service: Any, _document: Any, image: str = "") -> Cluster:
        asked.append(image)
        return Cluster("postgres:latest", 17, "data", "", DATA, DATA)

    monkeypatch.setattr(clusters.live, "stated", lambda _root: RELEASE)
    monkeypatch.setattr(clusters, "document", lambda _server, _tree: {"services": {"db": {"container_name": "db"}}})
    monkeypatch.setattr(clusters.postgres_cluster, "cluster_of", cluster_of)
    monkeypatch.setattr(clusters.postgres_cluster, "volume_path", lambda *_volume: "")
    server: Any = SimpleNamespace(root=str(tmp_path), client=None, project="shop")
    clusters.check(server, RELEASE, "tree", Going(to=BACKUP), Images({"db": "sha256:now"}, {"db": "sha256:sealed"}))
    assert asked == ["sha256:now", "sha256:sealed"]


@pytest.fixture
def gave_up(upgraded: Lab, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """An upgrade whose app did not serve, while its container has the new volume mounted."""
    live = Release(apps=(replace(RELEASE.apps[0], databases=(replace(DATABASE, volume="data_17"),)),))
    monkeypatch.setattr(clusters.live, "stated", lambda _root: live)
    monkeypatch.setattr(clusters, "containers_of", lambda *_project: {"db": {"Mounts": [{"Name": upgraded.mounted}, {"Source": "/dump"}]}})
    monkeypatch.setattr(clusters, "end_clients", lambda *_what, **_how: upgraded._written())
    return upgraded


def left(lab: Lab) -> list[str]:
    server: Any = SimpleNamespace(root=str(lab.root), client=None, project="shop")
    return clusters.left_behind(server, RELEASE)


def test_rows_that_stay_in_the_volume_of_a_release_that_did_not_serve_are_told(gave_up: Lab) -> None:
    assert left(gave_up) == []
    gave_up.rows = 43
    assert left(gave_up)[0].startswith(
        "Database chat in db serves from volume data again, without at least 3 rows written or changed meanwhile: they are in volume "
        "shop_data_17"
    )
    gave_up.rows = None
    assert "without what was written meanwhile, which could not be counted: it is in volume shop_data_17" in left(gave_up)[0]


def test_what_has_not_come_to_serve_holds_no_rows(gave_up: Lab) -> None:
    gave_up.rows, gave_up.mounted = 43, "shop_data"
    assert left(gave_up) == []


def test_nothing_about_it_keeps_the_sealed_release_from_coming_back(gave_up: Lab) -> None:
    gave_up.rows = 43
    (gave_up.root / database_volumes.FILE).write_text("nonsense")
    assert "could not be found out" in left(gave_up)[0]


@pytest.mark.parametrize("more", [False, True])
@pytest.mark.parametrize("check", [False, True])
def test_compose_is_asked_of_both_trees_only_where_they_differ_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], check: bool, more: bool
) -> None:
    machine = Machine(tmp_path, monkeypatch, capsys)
    machine.image(1)
    assert not machine.deploy(1).get("failed")
    asked, document = list[str](), clusters.document
    monkeypatch.setattr(clusters, "document", lambda server, tree: asked.append(tree) or document(server, tree))
    compose, described, _site = machine.files(1, *["blog"] * more)
    files = [compose, described, {"path": "nginx/site.conf", "content": "# other\n"}]
    done = machine.deploy(1, check=check, files=files)
    assert done["changed"] and not done.get("failed")
    assert len(asked) == (2 if more else 1) and asked[0] == str(machine.root)


def test_a_directory_beside_the_files_is_the_one_of_the_live_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose says of a staged tree where it would lie there; the data are where the tree will."""
    mount = {"type": "bind", "source": "/staged/tree/data", "target": DATA}
    said = {"services": {"db": {"container_name": "db", "image": "postgres:17", "volumes": [mount]}}}
    monkeypatch.setattr(clusters, "Definition", lambda *_what: SimpleNamespace(document=lambda: said))
    server: Any = SimpleNamespace(root=str(tmp_path), run_command=None, project="shop")
    (service,) = clusters.document(server, "/staged/tree")["services"].values()
    assert service["volumes"][0]["source"] == f"{tmp_path}/data"
