"""The module source_package as Ansible calls it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.rarebooks.platform.plugins.module_utils._source.pack import build
from ansible_collections.rarebooks.platform.plugins.module_utils._source.read import inspect
from ansible_collections.rarebooks.platform.plugins.modules import source_package


class Package:
    """A source, a zip beside it, and the module."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.src, self.dest, self._capsys = root / "source", root / "source.zip", capsys
        (self.src / "src").mkdir(parents=True)
        (self.src / "Dockerfile").write_text("FROM scratch\n")
        (self.src / "src/A.cs").write_text("class A {}\n")

    def run(self, **args: Any) -> dict[str, Any]:
        with patch_module_args({"src": str(self.src), "dest": str(self.dest), **args}), pytest.raises(SystemExit):
            source_package.main()
        result: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        return result


@pytest.fixture
def package(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Package:
    return Package(tmp_path, capsys)


def test_packs_once(package: Package) -> None:
    result = package.run()
    archive = inspect(str(package.dest), required=[])
    assert result["changed"] and not package.run()["changed"]
    assert (result["path"], result["files"]) == (str(package.dest), 2)
    assert (result["sha256"], result["digest"]) == (archive.sha256, archive.digest)


def test_check_mode_predicts_and_writes_nothing(package: Package) -> None:
    predicted = package.run(_ansible_check_mode=True, _ansible_diff=True)
    assert not package.dest.exists()
    done = package.run(_ansible_diff=True)
    documented = ("changed", "path", "sha256", "digest", "files", "diff")
    assert {key: predicted[key] for key in documented} == {key: done[key] for key in documented}
    assert [line.split()[0] for line in done["diff"]["after"].splitlines()] == ["Dockerfile", "src/A.cs"]
    assert not package.run(_ansible_check_mode=True)["changed"]


def test_the_diff_lists_files(package: Package) -> None:
    package.run()
    (package.src / "src/A.cs").write_text("class B {}\n")
    diff = package.run()["diff"]
    before, after = (dict(line.split(" ", 1) for line in diff[side].splitlines()) for side in ("before", "after"))
    assert before.keys() == after.keys() == {"Dockerfile", "src/A.cs"}
    assert [name for name in after if before[name] != after[name]] == ["src/A.cs"]


def test_something_else_at_dest_is_replaced(package: Package) -> None:
    package.dest.write_text("not a zip")
    result = package.run()
    assert result["changed"] and result["diff"]["before"] == ""
    assert package.dest.read_bytes() == build(str(package.src))


def test_exclude_replaces_the_default(package: Package) -> None:
    (package.src / "bin").mkdir()
    (package.src / "bin/tool").write_text("")
    assert package.run()["files"] == 2
    assert package.run(exclude=["*.cs"])["files"] == 1
    with zipfile.ZipFile(package.dest) as archive:
        assert "bin/tool" in archive.namelist()  # Packed as it was asked for; a deploy leaves it out.


def test_a_package_never_holds_an_earlier_one(package: Package) -> None:
    result = package.run(dest=str(package.src / "a.zip"))
    assert result["failed"] and "dest lies in src" in result["msg"]
    assert not (package.src / "a.zip").exists()


def test_errors_say_where(package: Package) -> None:
    assert "cannot read the source" in package.run(src=str(package.src / "nowhere"))["msg"]
    missing = str(package.src.parent / "nowhere/a.zip")
    assert "cannot write the archive: No such file or directory" in package.run(dest=missing)["msg"]
    (package.src / "Src").mkdir()
    (package.src / "Src/b").write_text("")
    assert "differ only by upper and lower case" in package.run()["msg"]
