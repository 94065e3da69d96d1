"""The module's check mode and diffs tell the truth, and show no key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.rarebooks.platform.plugins.module_utils._certificate_live import Installed
from ansible_collections.rarebooks.platform.plugins.modules import certificate_files
from certificates import pair

OLD, NEW = pair("a.example.org"), pair("a.example.org")


@pytest.fixture
def live(tmp_path: Path) -> Path:
    directory = tmp_path / "letsencrypt/live"
    directory.mkdir(parents=True)
    return directory


def run(live: Path, capsys: pytest.CaptureFixture[str], **options: Any) -> tuple[dict[str, Any], str]:
    one = {"name": "site", "chain": NEW.chain.decode(), "key": NEW.key.decode()}
    with patch_module_args({"certificates": [one], "live": str(live), **options}), pytest.raises(SystemExit):
        certificate_files.main()
    output = capsys.readouterr().out
    return json.loads(output), output


@pytest.mark.parametrize("before", [None, OLD, NEW])
def test_check_mode_foretells(live: Path, capsys: pytest.CaptureFixture[str], before: Any) -> None:
    if before:
        Installed("site", str(live)).put(before)
    foretold, _output = run(live, capsys, _ansible_check_mode=True, _ansible_diff=True)
    assert Installed("site", str(live)).pair() == before
    done, output = run(live, capsys, _ansible_diff=True)
    for key in ("changed", "updated", "diff"):
        assert foretold[key] == done[key]
    assert done["updated"] == ([] if before == NEW else ["site"])
    assert [one["before"] for one in done["diff"]] == ([] if before == NEW else [OLD.chain.decode() if before else ""])
    assert Installed("site", str(live)).pair() == NEW
    assert NEW.key.decode().splitlines()[1] not in output.replace("\\n", "\n")
