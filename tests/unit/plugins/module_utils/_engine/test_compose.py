"""What Compose says, and what is asked of it. The outputs are recorded: Compose 2.26 as Debian 13 has it, and the newer spelling."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.compose import ComposeError, Project
from backup_support import PROJECT, Engine

NOTHING = """ DRY-RUN MODE -  Container db  Running
 DRY-RUN MODE -  Container web  Running
 DRY-RUN MODE -  Container db  Waiting
 DRY-RUN MODE -  Container db  Healthy
"""
STOPPED = (
    NOTHING.replace("web  Running", "web  Created")
    + """ DRY-RUN MODE -  Container web  Starting
 DRY-RUN MODE -  Container web  Started
"""
)
RECREATED = (
    NOTHING.replace("web  Running", "web  Recreate")
    + """ DRY-RUN MODE -  Container web  Recreated
 DRY-RUN MODE -  Container e9503a3f2f6e_web  Starting
 DRY-RUN MODE -  Container e9503a3f2f6e_web  Started
"""
)


def project(*answer: Any, engine: Engine | None = None) -> tuple[Project, list[list[str]]]:
    asked: list[list[str]] = []

    def run_command(argv: list[str], **_options: Any) -> Any:
        asked.append(argv)
        return answer

    return Project(engine or Engine(), run_command, "/opt/x", PROJECT), asked


@pytest.mark.parametrize(
    ("output", "touched"),
    [(NOTHING, []), (STOPPED, ["web"]), (RECREATED, ["web"]), (RECREATED.replace("  ", " "), ["web"]), ("", [])],
)
def test_what_up_would_do(output: str, touched: list[str]) -> None:
    asking, asked = project(0, "", output)
    assert asking.would_touch() == touched
    assert "--dry-run" in asked[0] and asked[0][-5:] == ["up", "--detach", "--no-build", "--pull", "never"]


def test_what_up_did_is_what_the_engine_says_of_it() -> None:
    engine = Engine()
    for name in ("db", "web", "gone"):
        engine.run(name, f"{name}:1", f"sha256:{name}")
        engine.running[name] |= {"Id": f"{name}-1"}
        engine.running[name]["State"] |= {"StartedAt": "1"}

    def run_command(_argv: list[str], **_options: Any) -> Any:
        engine.running["web"] = {**engine.running["web"], "Id": "web-2"}
        engine.running["db"]["State"]["StartedAt"] = "2"
        engine.run("new", "new:1", "sha256:new")
        engine.running["new"] |= {"Id": "new-1"}
        engine.running["new"]["State"] |= {"StartedAt": "2"}
        return 0, "", ""

    assert Project(engine, run_command, "/opt/x", PROJECT).up() == ["db", "new", "web"]


def test_a_failure_ends_with_compose_s_own_words() -> None:
    asking, _asked = project(17, "", "line\n" * 30 + "service web: no such image\n")
    words = r"^Docker Compose \(config .*\) in /opt/x exited with 17:\n(line\n){19}service web: no such image$"
    with pytest.raises(ComposeError, match=words):
        asking.services()


def test_services_have_the_names_that_compose_gives_them() -> None:
    services = {"web": {"container_name": "shop_web"}, "db": {"image": "postgres:15"}}
    asking, _asked = project(0, json.dumps({"services": services}), "")
    assert [(one["image"], one["container_name"]) for one in asking.services()] == [
        (f"{PROJECT}-web", "shop_web"),
        ("postgres:15", f"{PROJECT}-db-1"),
    ]


def digests(**service: Any) -> dict[str, str]:
    asking, _asked = project(0, json.dumps({"services": {"web": {"image": "web:1", "environment": {"A": "1"}, **service}}}), "")
    return asking.definitions()


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({}, True),
        # As files of the environment say it: Compose resolves them in the document, and not in the digests that it prints.
        ({"environment": {"A": "2"}}, False),
        ({"image": "web:2"}, False),
        ({"depends_on": {"db": {}}, "build": {"context": "."}}, True),
    ],
)
def test_a_definition_is_another_one_where_its_container_is_to_be(changed: dict[str, Any], same: bool) -> None:
    assert (digests(**changed) == digests()) is same
