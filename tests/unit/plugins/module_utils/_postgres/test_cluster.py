"""Which PostgreSQL an image brings, and whether it finds the data of its volume."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import docker.errors
import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres import cluster
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.cluster import Cluster


@pytest.mark.parametrize(
    ("image", "environment", "major"),
    [
        ("postgres:15", {}, 15),
        ("postgres:17.2-alpine", {}, 17),
        ("registry.example:5000/library/postgres:18-trixie", {}, 18),
        ("registry.example:5000/postgres", {}, 0),
        ("postgres:17@sha256:18ab", {}, 17),
        ("postgres@sha256:18ab", {}, 0),
        ("postgres:latest", {}, 0),
        ("postgis/postgis:16-3.4-alpine", {}, 16),
        ("backups:20260101", {}, 0),
        # With a versioning of their own.
        ("timescale/timescaledb:2.18.0-pg15", {}, 0),
        ("timescale/timescaledb:2.18.0-pg15", {"PG_MAJOR": "15"}, 15),
        ("citusdata/citus:12.1", {}, 0),
        ("ours/db:3", {}, 0),
        ("ours/my-postgres:3", {}, 0),
        ("postgres:15", {"PG_MAJOR": "17"}, 17),
        ("ours:1", {"PATH": "/usr/bin:/usr/lib/postgresql/16/bin"}, 16),
    ],
)
def test_the_major_version_of_an_image(image: str, environment: dict[str, str], major: int) -> None:
    assert cluster.major_of(image, environment) == major


def made(path: Path, version: str) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    (path / cluster.VERSION_FILE).write_text(f"{version}\n")
    return path


def of(volume: Path, target: str, directory: str) -> Cluster:
    return Cluster("postgres:18", 18, "data", str(volume), target, directory)


def test_data_are_found_where_the_image_looks(tmp_path: Path) -> None:
    made(tmp_path / "18/docker", "18")
    found = of(tmp_path, "/var/lib/postgresql", "/var/lib/postgresql/18/docker")
    assert (found.version, found.elsewhere) == (18, 0)


def test_data_where_it_does_not_look_are_seen(tmp_path: Path) -> None:
    made(tmp_path, "15")
    found = of(tmp_path, "/var/lib/postgresql", "/var/lib/postgresql/18/docker")
    assert (found.version, found.elsewhere) == (0, 15)
    made(tmp_path / "b/18/docker", "18")
    assert of(tmp_path / "b", "/data", "/data").elsewhere == 18


def test_an_empty_volume_and_none_hold_none(tmp_path: Path) -> None:
    assert (of(tmp_path, "/data", "/data").version, of(tmp_path, "/data", "/data").elsewhere) == (0, 0)
    missing = Cluster("postgres:18", 18, "data", "", "/data", "/data")
    assert (missing.version, missing.elsewhere) == (0, 0)
    (tmp_path / cluster.VERSION_FILE).write_text("nonsense")
    assert of(tmp_path, "/data", "/data").version == 0


def service(target: str, **more: Any) -> dict[str, Any]:
    mount: dict[str, Any] = {"type": "volume", "source": "data", "target": target}
    return {"image": "postgres:18", "volumes": [mount], **more}


def test_the_volume_that_holds_the_data_directory_is_the_one(tmp_path: Path) -> None:
    config = {"Env": ["PG_MAJOR=18", "PGDATA=/var/lib/postgresql/18/docker"]}
    client: Any = SimpleNamespace(
        api=SimpleNamespace(inspect_image=lambda _name: {"Config": config}),
        volumes=SimpleNamespace(get=lambda name: SimpleNamespace(attrs={"Mountpoint": f"/volumes/{name}"})),
    )
    document = {"volumes": {"data": {"name": "shop_data"}}}
    found = cluster.cluster_of(client, service("/var/lib/postgresql"), document)
    assert (found.volume, found.path, found.target) == ("data", "/volumes/shop_data", "/var/lib/postgresql")
    assert cluster.cluster_of(client, service("/var/lib/postgresql/data"), document).volume == ""
    # What the service says of it goes before the image's own word.
    said = service("/var/lib/postgresql/data", environment={"PGDATA": "/var/lib/postgresql/data"})
    assert cluster.cluster_of(client, said, document).volume == "data"


def finding(path: Path, config: dict[str, Any] | None) -> Any:
    """A client whose one image is on the server or not, and whose volume lies in a directory."""

    def inspect(_name: str) -> dict[str, Any]:
        if config is None:
            raise docker.errors.ImageNotFound("none")
        return {"Config": config}

    volumes = SimpleNamespace(get=lambda _name: SimpleNamespace(attrs={"Mountpoint": str(path)}))
    return SimpleNamespace(api=SimpleNamespace(inspect_image=inspect), volumes=volumes)


@pytest.mark.parametrize(
    ("image", "config", "more", "certain"),
    [
        ("postgres:18", None, {}, True),
        ("postgres@sha256:18ab", None, {}, False),
        ("postgres:latest", None, {}, False),
        ("postgres:latest", {"Env": ["PGDATA=/data"]}, {}, True),
        ("postgres:latest", None, {"environment": {"PGDATA": "/data"}}, True),
        # Its entrypoint sets it.
        ("ours:3", {"Env": ["PG_MAJOR=17"]}, {}, False),
    ],
)
def test_where_an_image_looks_is_known_or_not(
    tmp_path: Path, image: str, config: dict[str, Any] | None, more: dict[str, Any], certain: bool
) -> None:
    wanted = {**service("/var/lib/postgresql", **more), "image": image}
    assert cluster.cluster_of(finding(tmp_path, config), wanted, {}).certain is certain


def test_an_image_is_judged_by_its_id_where_that_is_known(tmp_path: Path) -> None:
    """What its name means is another one by now."""
    client = finding(tmp_path, None)
    known = {
        "postgres:latest": ["PG_MAJOR=18", "PGDATA=/var/lib/postgresql/18/docker"],
        "sha256:17": ["PG_MAJOR=17", f"PGDATA={cluster.DATA}"],
    }
    client.api.inspect_image = lambda name: {"Config": {"Env": known[name]}}
    wanted = service(cluster.DATA, image="postgres:latest")
    assert (cluster.cluster_of(client, wanted, {}, "sha256:17").major, cluster.cluster_of(client, wanted, {}).major) == (17, 18)
    assert cluster.cluster_of(client, wanted, {}, "sha256:17").directory == cluster.DATA


def test_a_part_of_a_volume_is_where_the_data_are(tmp_path: Path) -> None:
    made(tmp_path / "chat", "17")
    made(tmp_path / "other", "15")
    wanted = service(cluster.DATA, image="postgres:17")
    wanted["volumes"][0]["volume"] = {"subpath": "chat"}
    found = cluster.cluster_of(finding(tmp_path, None), wanted, {})
    assert (found.version, found.elsewhere, found.below, found.place) == (17, 0, "chat", "data/chat")


def test_where_an_image_wants_its_volume() -> None:
    declared = {"/var/lib/postgresql": {}, "/var/lib/postgresql/data": {}}
    assert cluster.mount_of({"Volumes": declared}, "/var/lib/postgresql/18/docker") == "/var/lib/postgresql"
    assert cluster.mount_of({"Volumes": declared}, "/var/lib/postgresql/data") == "/var/lib/postgresql/data"
    assert cluster.mount_of({}, "/var/lib/postgresql/data") == "/var/lib/postgresql/data"
    # Of an image that is not on the server yet, as it is once it is.
    for major in (17, 18):
        found = cluster.mount_of(cluster.expected_config(major), cluster.data_directory(major))
        assert found == ("/var/lib/postgresql" if major == 18 else "/var/lib/postgresql/data")
