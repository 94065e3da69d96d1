"""One screen of 80 columns, whatever the server is like."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _status_report
from ansible_collections.rarebooks.platform.plugins.plugin_utils._status_report import ago, bytes_of

RELEASE = {
    "digest": "95c987d8f3931234",
    "since": "2026-11-26T11:23:00Z",
    "result": "deployed",
    "by": "alice@laptop",
    "commit": "db2b747c8e44",
}
CONTAINER = {
    "name": "maymessenger_backend",
    "app": "maymessenger",
    "status": "running",
    "health": "healthy",
    "image": "maymessenger_backend:c591866440ed",
    "restarts": 0,
    "started": "2026-11-26T11:23:00Z",
    "uptime": 7300,
    "cpu": 0.4,
    "memory": 85_000_000,
}
MISSING = {"status": "missing", "uptime": None, "cpu": None, "memory": None}
RUN = {
    "started": "2026-11-26T11:21:00Z",
    "action": "deploy",
    "result": "restored",
    "duration": 83.4,
    "by": "alice@laptop",
    "error": "The gate",
}


def status(**changes: Any) -> dict[str, Any]:
    return {
        "project": "shop",
        "release": {"to": "", "backup": "", **RELEASE},
        "run": "",
        "apps": [],
        "containers": [CONTAINER],
        "volumes": [{"name": "shop_audio", "size": 4096}, {"name": "shop_large", "size": None}],
        "databases": [{"name": "maymessenger", "container": "db", "size": 8_400_000}],
        "certificates": [{"name": "example.org", "hosts": [], "days_left": 61.6, "not_after": "", "error": ""}],
        "backups": {"count": 3, "newest": "20261126_112240", "age": 90, "previous": "20261125_090000", "reason": ""},
        "runs": [RUN],
        "snapshots": [{"location": "/mnt/disk", "age": 7300, "error": ""}],
        "disk": {"free": 71.4 * 2**30, "size": 252 * 2**30},
        **changes,
    }


def test_a_release_that_another_command_than_a_deploy_made() -> None:
    text = _status_report.render(status(release={"to": "", "backup": "", **RELEASE, "action": "rotate secrets", "result": "done"}))
    assert " ".join(text.split()).startswith("Release 95c987d8f393, brought by rotate secrets 2026-11-26 11:23 UTC by alice@laptop")


def test_a_server_that_is_well() -> None:
    text = _status_report.render(status())
    assert max(map(len, text.splitlines())) <= 76 and len(text.splitlines()) <= 20
    assert "Release 95c987d8f393, deployed 2026-11-26 11:23 UTC by alice@laptop, commit" in text
    assert "maymessenger_backend   healthy      2h    -   0.4%    81M …kend:c591866440ed" in text
    assert "Volumes      audio 4K, large ?" in text and "Databases    maymessenger 8M" in text
    assert "Disk         71.4G of 252G free" in text and "Certificates example.org 62 days" in text
    assert (
        "Backups      3, the newest 20261126_112240, 1m old\nOff-site     /mnt/disk 2h old\nRollback     would go to 20261125_090000"
        in text
    )
    assert "  2026-11-26 11:21 UTC  deploy    restored       1m  alice@laptop\n      The gate" in text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"release": {**RELEASE, "digest": ""}}, "Nothing has been deployed here yet."),
        ({"release": {**RELEASE, "since": ""}}, "Release 95c987d8f393, which no run brought: something was changed by hand\nsince."),
        ({"release": {**RELEASE, "result": "rolled back", "to": "20261125_090000"}}, "rolled back to 20261125_090000 2026-11-26"),
        ({"run": "deploy by bob@desk, now at: switching"}, "At work: deploy by bob@desk, now at: switching"),
        (
            {"containers": [{**CONTAINER, "status": "missing", "uptime": None, "cpu": None, "memory": None}]},
            "missing       -    -      ?      ?",
        ),
        ({"containers": [{**CONTAINER, "health": "unhealthy", "restarts": 12}]}, "unhealthy    2h  12x"),
        ({"backups": {"count": 0, "newest": "", "age": None, "previous": "", "reason": "x"}}, "Rollback     has nowhere to go by itself"),
        ({"certificates": [{"name": "example.org", "days_left": None}]}, "example.org ? days"),
        ({"snapshots": []}, "Off-site     none"),
        ({"snapshots": [{"location": "/mnt/disk", "age": None, "error": ""}]}, "Off-site     /mnt/disk no snapshot yet"),
        ({"snapshots": [{"location": "/mnt/disk", "age": 90, "error": "x"}]}, "Off-site     /mnt/disk 1m old, FAILED since"),
        ({"runs": []}, "Last runs (history.yml has all)\n  none"),
    ],
)
def test_a_server_that_is_otherwise(changes: dict[str, Any], said: str) -> None:
    text = _status_report.render(status(**{**changes, **({"release": {"to": "", **changes["release"]}} if "release" in changes else {})}))
    assert said in text and max(map(len, text.splitlines())) <= 76


@pytest.mark.parametrize(
    ("size", "text"),
    [(None, "?"), (0, "0B"), (999, "999B"), (1023, "1K"), (81 * 2**20, "81M"), (2**30, "1.0G"), (252 * 2**30, "252G"), (5 * 2**40, "5.0T")],
)
def test_sizes(size: int | None, text: str) -> None:
    assert bytes_of(size) == text


@pytest.mark.parametrize(("seconds", "text"), [(None, "-"), (0, "0s"), (59, "59s"), (3599, "59m"), (7300, "2h"), (200000, "2d")])
def test_times(seconds: int | None, text: str) -> None:
    assert ago(seconds) == text
