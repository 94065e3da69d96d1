"""The file for a collector of metrics."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.rarebooks.platform.plugins.module_utils._notify import textfile

EXPECTED = """\
# HELP rarebooks_verify_finding 0 passed, 1 warning, 2 failed
# TYPE rarebooks_verify_finding gauge
rarebooks_verify_finding{server="books",area="containers",subject="a \\"b\\""} 2
rarebooks_verify_finding{server="books",area="disk",subject="/"} 1
# HELP rarebooks_verify_targets_failing Targets of notifications that do not take messages
# TYPE rarebooks_verify_targets_failing gauge
rarebooks_verify_targets_failing{server="books"} 3
# HELP rarebooks_verify_last_run_timestamp_seconds When the server was last verified
# TYPE rarebooks_verify_last_run_timestamp_seconds gauge
rarebooks_verify_last_run_timestamp_seconds{server="books"} 1732620000
# HELP rarebooks_verify_duration_seconds How long that took
# TYPE rarebooks_verify_duration_seconds gauge
rarebooks_verify_duration_seconds{server="books"} 1.5
"""


def test_the_format() -> None:
    assert textfile.render("books", {"disk//": "warning", 'containers/a "b"': "failed"}, 3, 1732620000.2, 1.5) == EXPECTED


def test_it_is_readable_for_the_collector(tmp_path: Path) -> None:
    assert textfile.write(str(tmp_path), "x") == ""
    assert (tmp_path / textfile.FILE).stat().st_mode & 0o777 == 0o644
    assert textfile.write(str(tmp_path / "gone"), "x") == f"{tmp_path}/gone: No such file or directory"
