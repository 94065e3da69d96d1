"""What was written in a container's own file system, from recorded output of `docker diff`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._engine import written

DIFF = """\
C /app
A /app/appsettings.json
C /run
A /run/nginx.pid
C /var
C /var/lib
A /var/lib/nginx
A /var/lib/nginx/body
C /app/wwwroot
A /app/wwwroot/images
A /app/keys
A /app/keys/key.xml
C /root
A /root/.aspnet
D /etc/motd
"""


def container(pid: int = 0, *mounts: str) -> dict[str, Any]:
    return {"Id": "1", "State": {"Pid": pid}, "Mounts": [{"Destination": place} for place in mounts]}


def test_no_noise_and_nothing_that_a_mount_made() -> None:
    found = written.outside_of_volumes(lambda *_arguments: (0, DIFF, ""), container(0, "/app/wwwroot/images"))
    assert found == ["/app/appsettings.json", "/app/keys/key.xml", "/root/.aspnet"]


def test_an_empty_directory_is_nothing_to_lose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "root/app").mkdir(parents=True)
    (tmp_path / "root/file").touch()
    isdir = written.os.path.isdir
    monkeypatch.setattr(written.os.path, "isdir", lambda path: isdir(path.replace("/proc/7", str(tmp_path))))
    diff = "A /app\nA /file\n"
    assert written.outside_of_volumes(lambda *_arguments: (0, diff, ""), container(7)) == ["/file"]
    assert written.outside_of_volumes(lambda *_arguments: (0, diff, ""), container()) == ["/app", "/file"]
