"""The server's part of source_archive as its action plugin calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.rarebooks.platform.plugins.module_utils._source.pack import pack
from ansible_collections.rarebooks.platform.plugins.module_utils._source.read import inspect
from ansible_collections.rarebooks.platform.plugins.modules import source_archive


class Server:
    """A transferred archive and the module."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self.dest, self._capsys = root, root / "opt/backend", capsys
        (root / "source").mkdir()
        (root / "source/Dockerfile").write_text("FROM scratch\n")
        self.archive = root / "source.zip"
        pack(str(root / "source"), str(self.archive))
        self.wanted = inspect(str(self.archive), required=[])

    def run(self, **args: Any) -> dict[str, Any]:
        common = {"src": "/on/the/controller.zip", "dest": str(self.dest), "required": ["Dockerfile"]}
        given = {**common, "digest": self.wanted.digest, **args}
        with patch_module_args(given), pytest.raises(SystemExit):
            source_archive.main()
        result: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        return result


@pytest.fixture
def server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Server:
    return Server(tmp_path, capsys)


def test_without_an_archive_it_only_compares(server: Server) -> None:
    result = server.run()
    assert result["changed"] and result["before"] == {}
    assert not server.dest.parent.exists()


def test_with_an_archive_it_exchanges_and_then_agrees(server: Server) -> None:
    assert server.run(archive=str(server.archive))["changed"]
    assert (server.dest / "Dockerfile").read_text() == "FROM scratch\n"
    after = server.run()
    assert not after["changed"] and after["before"] is None
    (server.dest / "Dockerfile").write_text("FROM hand\n")
    assert list(server.run()["before"]) == ["Dockerfile"]


def test_check_mode_touches_nothing(server: Server) -> None:
    result = server.run(archive=str(server.archive), _ansible_check_mode=True)
    assert result["changed"]
    assert not server.dest.parent.exists()


def test_an_interrupted_exchange_is_a_change_to_make_also_where_the_source_is_right(server: Server) -> None:
    server.run(archive=str(server.archive))
    server.dest.rename(server.dest.parent / ".backend.previous")
    predicted = server.run(_ansible_check_mode=True)
    assert predicted["changed"] and predicted["before"] is None
    assert not server.dest.exists()
    done = server.run()
    assert done["changed"] and done["before"] is None
    assert [path.name for path in server.dest.parent.iterdir()] == ["backend"]
    assert not server.run()["changed"]


def test_limits_hold_on_the_server_too(server: Server) -> None:
    result = server.run(archive=str(server.archive), max_size=5)
    assert result["failed"] and "too big" in result["msg"]
    assert not server.dest.parent.exists()


def test_errors(server: Server) -> None:
    assert "only through the action plugin" in server.run(digest=None)["msg"]
    assert "not a place for a source" in server.run(dest="backend")["msg"]
    (server.root / "opt").write_text("a file where a directory must be")
    assert "holds the old source or the new one" in server.run(archive=str(server.archive))["msg"]
