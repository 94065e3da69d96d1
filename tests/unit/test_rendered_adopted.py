"""What was carried over from a server set up by hand is rendered into the release, and what the release lacks is found by a play."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from nginx_support import ROOT, SERVICES, dump
from rendering import play

RECORDED = Path(__file__).parent / "data/rendered/default/nginx/sites/maymessenger.conf"
MONTH_LATER = dump(
    ("/etc/nginx/nginx.conf", (ROOT / "tests/unit/data/nginx/month_later.conf").read_text()), ("/etc/nginx/mime.types", "types { }")
)
TASKS = """
    - rarebooks.platform.proxy_adoption_info:
        configuration: "{{{{ configuration }}}}"
        roles: "{{{{ __stack_trees }}}}"
        apps: "{{{{ [rarebooks_app, maymessenger_app] }}}}"
        services: "{{{{ services }}}}"
      register: before
    - rarebooks.platform.config_tree:
        path: "{{{{ stack_path }}}}"
        roles: "{{{{ __stack_trees }}}}"
        secrets_file: {scratch}/secrets.json
      vars: &adopted
        proxy_adopted_sites: "{{{{ before.adopted_sites }}}}"
        proxy_adopted_locations: "{{{{ before.adopted_locations }}}}"
      check_mode: false
    - rarebooks.platform.proxy_adoption_info:
        configuration: "{{{{ configuration }}}}"
        roles: "{{{{ __stack_trees }}}}"
        apps: "{{{{ [rarebooks_app, maymessenger_app] }}}}"
        services: "{{{{ services }}}}"
      vars: *adopted
      register: after
    - rarebooks.platform.proxy_adoption_info:
        configuration: "{{{{ configuration }}}} }}"
        roles: "{{{{ __stack_trees }}}}"
        apps: "{{{{ [rarebooks_app, maymessenger_app] }}}}"
      register: unreadable
    - ansible.builtin.copy:
        content: "{{{{ [before, after, unreadable] | to_json }}}}"
        dest: {scratch}/result.json
        mode: "0600"
"""
SECRETS = [
    *(f"rarebooks_{name}" for name in ("books_db_password", "users_db_password", "jwt_key")),
    *(f"maymessenger_{name}" for name in ("db_password", "jwt_secret", "admin_phone", "admin_password", "invite_code")),
]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("adopted")
    (path / "secrets.json").write_text(json.dumps(dict.fromkeys(SECRETS, "x" * 32)))
    inventory = {
        "stack_apps": ["rarebooks", "maymessenger"],
        "stack_path": str(path / "tree"),
        "maymessenger_backend_source": "/src",
        "__stack_server": {"engine": {"version": "26.1"}},
        "__stack_preconditions": {"sources": {"maymessenger": "0123456789abcdef"}},
        # A route for everything, where the messenger's own site refuses.
        "configuration": MONTH_LATER.replace(
            "location = /web {", "location / { proxy_pass http://maymessenger_backend; } location = /web {"
        ),
        "services": SERVICES,
    }
    play(path, TASKS.format(scratch=path), inventory)
    return path


def test_nothing_is_unclaimed_any_more_and_the_same_is_written_again(scratch: Path) -> None:
    before, after, _unreadable = json.loads((scratch / "result.json").read_text())
    assert len(before["unclaimed"]) == 8 and before["refused"] == []
    assert after["unclaimed"] == []
    assert (after["adopted_sites"], after["adopted_locations"]) == (before["adopted_sites"], before["adopted_locations"])
    assert before["requests"][0] == {"method": "GET", "scheme": "https", "host": "rare-books.ru", "path": "/"}


def test_of_what_cannot_be_read_nothing_is_carried_over_and_the_reason_is_told(scratch: Path) -> None:
    *_others, unreadable = json.loads((scratch / "result.json").read_text())
    assert len(unreadable["notes"]) == 1 and "}" in unreadable["notes"][0]
    assert not any(unreadable[name] for name in ("adopted_sites", "adopted_locations", "unclaimed", "refused", "requests", "changed"))


def test_sites_have_a_file_of_their_own(scratch: Path) -> None:
    before, *_others = json.loads((scratch / "result.json").read_text())
    text = (scratch / "tree/nginx/sites/adopted_sites.conf").read_text()
    assert text.endswith(f"\n\n{before['adopted_sites']}")


def test_locations_are_in_the_site_of_their_app_and_its_refusal_gives_way(scratch: Path) -> None:
    text = (scratch / "tree/nginx/sites/maymessenger.conf").read_text()
    refusal = "    location / {\n        return 404;\n    }\n"
    assert refusal in RECORDED.read_text()
    own = RECORDED.read_text().replace(refusal, "").removesuffix("}\n")
    assert text.startswith(own) and text.count("location / {") == 2
    assert "\n    location /web/ {\n        # What held here from around it:\n" in text
    assert text.endswith("}\n}\n")
