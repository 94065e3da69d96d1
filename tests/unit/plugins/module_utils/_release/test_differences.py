"""What a container made by hand has and its service does not give it: one line each, by which it is decided about."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._release.differences import differences, same

IMAGE = {"Env": ["PATH=/bin", "PG_MAJOR=15"], "Cmd": ["serve"], "Entrypoint": ["/start"]}


def found(service: dict[str, Any], mounts: tuple[dict[str, Any], ...] = (), **config: Any) -> list[str]:
    inspected = {"Config": {**IMAGE, **config}, "Mounts": list(mounts)}
    return differences("web", inspected, IMAGE, service, {"data": "shop_data"})


def test_what_the_image_gives_is_no_difference() -> None:
    assert found({}) == []


@pytest.mark.parametrize(
    ("own", "given", "lost"),
    [
        ("KEY=1", {"KEY": "1"}, []),
        ("KEY=1", {"KEY": 1}, []),
        ("KEY=", {"KEY": None}, []),
        ("KEY=1", {}, ["environment web KEY"]),
        ("KEY=1", {"KEY": "2"}, ["environment web KEY"]),
        # What a release adds, a container may have with its next update.
        ("KEY=1", {"KEY": "1", "NEW": "1"}, []),
    ],
)
def test_environment(own: str, given: dict[str, Any], lost: list[str]) -> None:
    assert found({"environment": given}, Env=[*IMAGE["Env"], own]) == lost


@pytest.mark.parametrize(
    ("mount", "lost"),
    [
        ({"Type": "volume", "Name": "shop_data", "Destination": "/data"}, []),
        ({"Type": "volume", "Name": "shop_data", "Destination": "/elsewhere"}, ["volume shop_data"]),
        ({"Type": "volume", "Name": "other_data", "Destination": "/data"}, ["volume other_data"]),
        # Compose takes it along.
        ({"Type": "volume", "Name": "0a" * 32, "Destination": "/scratch"}, []),
        ({"Type": "bind", "Source": "/root/x", "Destination": "/x"}, ["mount web /x"]),
        # Where the service has a volume, what is there today would be hidden by a new and empty one.
        ({"Type": "bind", "Source": "/root/pgdata", "Destination": "/data"}, ["mount web /data"]),
        ({"Type": "volume", "Name": "0a" * 32, "Destination": "/data"}, [f"volume {'0a' * 32}"]),
        ({"Type": "tmpfs", "Destination": "/run"}, []),
    ],
)
def test_mounts(mount: dict[str, Any], lost: list[str]) -> None:
    assert found({"volumes": [{"type": "volume", "source": "data", "target": "/data"}]}, (mount,)) == lost


@pytest.mark.parametrize(
    ("config", "service", "lost"),
    [
        ({"Cmd": ["serve", "-x"]}, {}, ["command web"]),
        ({"Cmd": ["serve", "-x"]}, {"command": ["serve", "-x"]}, []),
        ({"Entrypoint": ["/other"], "Cmd": None}, {}, ["entrypoint web", "command web"]),
        ({"Entrypoint": ["/other"], "Cmd": None}, {"entrypoint": ["/other"]}, []),
        # An entrypoint of the service takes the command of the image away.
        ({"Entrypoint": ["/other"]}, {"entrypoint": ["/other"]}, ["command web"]),
    ],
)
def test_command(config: dict[str, Any], service: dict[str, Any], lost: list[str]) -> None:
    assert found(service, **config) == lost


@pytest.mark.parametrize(
    ("got", "wanted", "expected"),
    [
        ("a", "a", True),
        ("a", "b", False),
        ("Host=db;Password=x", "password=x; host=db", True),
        ("Host=db;Password=x", "Host=db;Password='x'", True),
        ("Host=db;Password=x", "Host=db;Password=y", False),
        ("Host=db;Password=x", "Host=db", False),
        ("Host=db;Port=1;Password=x", "Host=db;Port=1", False),
        # A secret that has yet to be taken over may be anything but nothing.
        ("k", "@secret(key)@", True),
        ("", "@secret(key)@", False),
        ("Host=db;Password=x", "Host=db;Password=@secret(key)@", True),
        ("Host=other;Password=x", "Host=db;Password=@secret(key)@", False),
        ("a.c", "abc", False),
    ],
)
def test_two_values_that_mean_the_same(got: str, wanted: str, expected: bool) -> None:
    assert same(got, wanted) is expected
