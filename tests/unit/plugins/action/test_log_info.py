"""What logs.yml shows, and how long it follows."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.rarebooks.platform.plugins.action.log_info import seconds_of
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _log_report

EVENT = {
    "container": "web",
    "level": "error",
    "signature": "ERROR <n>",
    "count": 12,
    "first": "2026-11-26T10:44:00.123456789",
    "last": "2026-11-26T11:02:00.5",
    "example": ["ERROR 7 " + "x" * 100, *(f"\tat line {number}" for number in range(20))],
    "archives": ["/opt/rarebooks/logs/20261126_110300_web_0123456789ab.json.gz"],
}
REQUEST = {
    "host": "www.rare-books.ru",
    "method": "GET",
    "path": "/api/books/<id>",
    "status": 502,
    "failed": True,
    "count": 3,
    "first": "2026-11-26T10:44:00",
    "last": "2026-11-26T10:45:00",
    "slowest": 0.0,
    "upstream": "",
}


def result(**changes: Any) -> dict[str, Any]:
    asked = {"since": "2026-11-26T10:00:00Z", "until": "2026-11-26T11:00:00Z", "containers": ["web", "nginx_container"]}
    return {**asked, "events": [EVENT], "requests": [REQUEST], "archives": EVENT["archives"], "problems": [], "lines": [], **changes}


def test_the_report() -> None:
    slow = {**REQUEST, "failed": False, "status": 200, "count": 2, "slowest": 4.25}
    text = _log_report.render(result(requests=[REQUEST, slow]))
    assert max(map(len, text.splitlines())) <= 76
    assert "15 errors and 2 warnings from 2026-11-26 10:00:00 to 2026-11-26 11:00:00" in text
    assert "ERROR web: 12 times, 2026-11-26 10:44:00 to 11:02:00" in text
    assert "  | … 13 more lines" in text and "in 20261126_110300_web_0123456789ab.json.gz" in text
    assert "  502 GET www.rare-books.ru/api/books/<id>\n      3 times, last 2026-11-26 10:45:00" in text
    assert "2 times, last 2026-11-26 10:45:00, slowest 4.2 s" in text


def test_a_quiet_server() -> None:
    text = _log_report.render(result(events=[], requests=[], archives=[]))
    assert text.startswith("0 errors and 0 warnings") and len(text.splitlines()) == 2


def test_what_does_not_fit_is_said() -> None:
    assert "5 more kinds are in the JSON form: -e logs_format=json" in _log_report.render(result(events=[EVENT] * 35))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("", 0), (False, 0), ("no", 0), (True, 60), ("true", 60), ("30s", 30), ("45", 45), (45, 45), ("5m", 300)],
)
def test_how_long_it_follows(text: Any, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["2h", "soon", "-1", "1.5"])
def test_what_says_no_time_is_refused(text: str) -> None:
    with pytest.raises(AnsibleActionFail, match="logs_follow: expected true, false, or how long"):
        seconds_of(text)
