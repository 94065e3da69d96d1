"""Reading the ledger: by the module, and by the playbook that shows it to a person."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.rarebooks.platform.plugins.module_utils._run import ledger
from ansible_collections.rarebooks.platform.plugins.modules import ledger_info

ROOT = Path(__file__).resolve().parents[4]


def read(path: Path, capsys: pytest.CaptureFixture[str], **options: Any) -> dict[str, Any]:
    with patch_module_args({"path": str(path), **options}), pytest.raises(SystemExit):
        ledger_info.main()
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    result.pop("invocation", None)
    return result


def fill(path: Path) -> None:
    for number, result in enumerate(("deployed", "failed")):
        run = ledger.Run(f"t{number}", "deploy", "anna@laptop", commit="abc", started="2026-11-24T20:15:00Z")
        ledger.append(str(path), ledger.entry(run, result, 7, step="tree" if number else ""))
    with (path / ledger.FILE).open("a") as stream:
        stream.write('{"run": "t2", "acti')


@pytest.mark.parametrize("check", [False, True])
def test_entries_are_read_oldest_first_and_torn_ones_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str], check: bool) -> None:
    fill(tmp_path)
    before = (tmp_path / ledger.FILE).read_bytes()
    result = read(tmp_path, capsys, _ansible_check_mode=check)
    assert [entry["run"] for entry in result["entries"]] == ["t0", "t1"]
    assert (result["unreadable"], result["changed"]) == (1, False)
    assert (tmp_path / ledger.FILE).read_bytes() == before


def test_an_entry_of_another_version_has_every_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ledger.FILE).write_text('{"run": "old", "more": 1}\n')
    (entry,) = read(tmp_path, capsys)["entries"]
    assert entry == {**ledger.BLANK, "run": "old", "more": 1}


def test_no_ledger_is_an_empty_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert read(tmp_path / "missing", capsys) == {"entries": [], "unreadable": 0, "changed": False}


def history(path: Path, *options: str) -> list[str]:
    (path / "hosts.yml").write_text("rarebooks: {hosts: {shop: {ansible_connection: local}}}\n")
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "-i", path / "hosts.yml", ROOT / "history.yml", *options, "-e",
         json.dumps({"stack_path": str(path), "ansible_become": False, "ansible_python_interpreter": sys.executable})],
        cwd=path, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_COLLECTIONS_PATH": f"{ROOT}/collections"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return [line.removeprefix("    ") for line in done.stdout.splitlines() if line.startswith("    ")]


def test_the_playbook_shows_a_table(tmp_path: Path) -> None:
    fill(tmp_path)
    lines = history(tmp_path)
    assert lines == [
        "started               action              result          seconds",
        "2026-11-24T20:15:00Z  deploy              deployed            7.0",
        "    by anna@laptop, commit abc",
        "2026-11-24T20:15:00Z  deploy              failed              7.0",
        "    by anna@laptop, commit abc",
        "    failed at tree",
        "Unreadable lines, as a power loss leaves them: 1",
    ]


def test_what_is_long_fits_a_terminal_of_80_columns(tmp_path: Path) -> None:
    run = ledger.Run(
        "t0", "upgrade database", "a.person.with.a.long.name@a.machine.with.one.too", commit="0123456789ab", started="2026-11-24T20:15:00Z"
    )
    ledger.append(str(tmp_path), ledger.entry(run, "rolled back", 1234.5, step="switching to the new release", error="It did not. " * 30))
    lines = history(tmp_path)
    assert max(map(len, lines)) <= 76 and " ".join(" ".join(lines).split()).count("It did not.") == 30


def test_the_playbook_says_that_there_is_nothing(tmp_path: Path) -> None:
    assert "Nothing has been recorded in" in " ".join(history(tmp_path, "--check"))
