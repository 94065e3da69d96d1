# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Releases pulled from a real registry into a real engine: only those that are kept stay on its disk."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import images
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import image_pull, pulled

from demo import registry

REPOSITORY = "rarebooks-pulled"
RELEASES, KEPT = 12, 3
SIZE = 1 << 20


@pytest.fixture
def client() -> Iterator[docker.DockerClient]:
    client = docker.from_env()
    clean(client)
    yield client
    clean(client)
    client.close()


def ours(client: docker.DockerClient) -> dict[str, list[str]]:
    """Return the names of each image of this test, by its id, among them digests that a moved tag left behind."""
    found = {}
    for image in client.api.images():
        names = [*(image["RepoTags"] or []), *(image["RepoDigests"] or [])]
        if any(REPOSITORY in name for name in names):
            found[image["Id"]] = names
    return found


def clean(client: docker.DockerClient) -> None:
    for container in client.containers.list(all=True, filters={"label": REPOSITORY}):
        container.remove(force=True)
    for identifier in ours(client):
        client.api.remove_image(identifier, force=True)


def publish(client: docker.DockerClient, repository: str, tag: str) -> None:
    """Put a new image into the registry, and leave the engine as it was."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo("content")
        entry.size = SIZE
        archive.addfile(entry, io.BytesIO(os.urandom(SIZE)))
    before = ours(client)
    client.api.import_image_from_data(buffer.getvalue(), repository=repository, tag="new")
    client.api.tag(f"{repository}:new", repository.replace("127.0.0.1", "localhost"), tag)
    for line in client.api.push(repository.replace("127.0.0.1", "localhost"), tag=tag, stream=True, decode=True):
        assert "error" not in line, line
    (new,) = ours(client).keys() - before.keys()
    client.api.remove_image(new, force=True)


def test_of_many_releases_those_that_are_kept_stay(client: docker.DockerClient, tmp_path: Path) -> None:
    container = registry.find(client)
    assert container is not None
    repository = f"{registry.address(container)}/{REPOSITORY}"
    # Somebody's own: one that was there before, and one under a name that a container uses.
    for tag in ("theirs", "used"):
        publish(client, repository, tag)
        client.api.pull(repository, tag=tag)
    client.api.tag(f"{repository}:used", REPOSITORY, "running")
    client.containers.create(f"{REPOSITORY}:running", ["sleep"], labels=[REPOSITORY])
    theirs = ours(client)
    image_pull.pull(client, [f"{repository}:theirs"], False, False, str(tmp_path))

    kept: list[str] = []
    for number in range(RELEASES):
        # One app names a version, the other takes what the registry has under a name that moves.
        for name in (f"v{number}", "moving"):
            publish(client, repository, name)
            assert image_pull.pull(client, [f"{repository}:{name}"], True, False, str(tmp_path)).pulled == [f"{repository}:{name}"]
            kept.append(client.api.inspect_image(f"{repository}:{name}")["Id"])
        kept = kept[-2 * KEPT :]
        images.drop_pulled(client, str(tmp_path), set(kept))
        assert set(ours(client)) == {*theirs, *kept}
    assert {identifier: names for identifier, names in ours(client).items() if identifier in theirs} == theirs
    assert set(pulled.read(str(tmp_path))) == set(kept)


def test_one_that_would_fill_the_disk_is_refused_and_nothing_of_it_stays(
    client: docker.DockerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = registry.find(client)
    assert container is not None
    repository = f"{registry.address(container)}/{REPOSITORY}"
    publish(client, repository, "large")
    before = sorted(image["Id"] for image in client.api.images(all=True))
    monkeypatch.setattr(image_pull, "SPARE_BYTES", 1 << 60)
    with pytest.raises(image_pull.PullError, match="It would fill the disk"):
        image_pull.pull(client, [f"{repository}:large"], False, False, str(tmp_path))
    assert not image_pull.find(client, f"{repository}:large") and not pulled.read(str(tmp_path))
    assert set(before) <= {image["Id"] for image in client.api.images(all=True)}
    # Nor does the engine go on by itself: with room it has to be asked for again.
    monkeypatch.undo()
    assert image_pull.pull(client, [f"{repository}:large"], False, False, str(tmp_path)).pulled == [f"{repository}:large"]
