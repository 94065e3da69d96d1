"""What the demo says at its end, and the line that closes the tests."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from demo.common import Failure
from demo.report import changes, credentials, summary
from tests.closing_line import closing_line

RECAP = "PLAY RECAP ***\n{} : ok=31   changed={}    unreachable=0    failed=0\n"


@pytest.mark.parametrize(("host", "count"), [("rarebooks-demo", 0), ("rarebooks-demo", 12), ("\x1b[0;32mrarebooks-demo\x1b[0m", 3)])
def test_changes(host: str, count: int) -> None:
    assert changes("changed=99 in some message\n" + RECAP.format(host, count)) == count


def test_changes_without_recap() -> None:
    with pytest.raises(Failure, match="no recap"):
        changes(RECAP.format("other", 0))


def test_summary_tells_an_unchanged_server() -> None:
    assert "Nothing to change" in summary(0, "build/demo/ca.pem", "build/demo/credentials.yml")
    text = summary(3, "build/demo/ca.pem", "build/demo/credentials.yml")
    assert "Nothing to change" not in text
    assert "curl --cacert build/demo/ca.pem --resolve www.rare-books.ru:8443:127.0.0.1 https://www.rare-books.ru:8443/\n" in text


def test_credentials_survive_any_value() -> None:
    secrets = {"password": "a: 'b' # \"c\" \\", "code": "007"}
    assert yaml.safe_load(credentials(secrets)) == secrets


def report(directory: Path, name: str, tests: int, failures: int = 0, errors: int = 0, skipped: int = 0) -> None:
    (directory / f"{name}.xml").write_text(
        f'<testsuites><testsuite tests="{tests}" failures="{failures}" errors="{errors}" skipped="{skipped}"/></testsuites>'
    )


@pytest.mark.parametrize(
    ("failures", "errors", "stages", "line", "good"),
    [
        (0, 0, [], "15 passed, 0 failed, 1 skipped", True),
        (2, 1, ["unit"], "Failed stages: unit\n12 passed, 3 failed, 1 skipped", False),
        (0, 0, ["lint", "molecule"], "Failed stages: lint, molecule\n15 passed, 2 failed, 1 skipped", False),
    ],
)
def test_closing_line(tmp_path: Path, failures: int, errors: int, stages: list[str], line: str, good: bool) -> None:
    report(tmp_path, "unit", 11, failures, errors, skipped=1)
    report(tmp_path, "molecule-default", 5)
    assert closing_line(tmp_path, stages) == (line, good)
