"""Values as people give them: typed, in an INI inventory, of another type, with characters that mean something elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import server
from operators import Deployer
from terminal import type_in

TYPED = [
    "certificates_renew=false",
    "certificates_staging=false",
    "proxy_https_port=443",
    "stack_backup_keep=3",
    "stack_restore_database=no",
    "stack_gate_deadline=0",
    "rollback_confirm=true",
]
WRONG = {
    "stack_backup_keep": "three",
    "rarebooks_server_names": "www.rare-books.ru",
    "maymessenger_backend_probe_timing": {"start_perod": 600},
    "rarebooks_jwt_issuer": ["22:30"],
    "rarebooks_jwt_audience": "@secret(maymessenger_jwt_secret)@",
}
FORMATS = {
    "rarebooks_body_size": "1m; location /x { return 200; }",
    "rarebooks_db_user": "pa$word",
    "rarebooks_extra_environment": {"Logging:LogLevel": "x", "NUMBER": 1350},
}
ODD = {
    "ODD_1": "pa$word1",
    "ODD_2": "pa$$word",
    "ODD_3": "abc #def",
    "ODD_4": '"quoted" tail',
    "ODD_5": '{"a": "b$c"}',
    "ODD_6": "${HOME}",
    "ODD_7": "  blanks  ",
    "ODD_8": "-----BEGIN-----\nab$c\n-----END-----\n",
    "ODD_9": "a$\\",
    "ODD_10": "it's $5",
    "ODD_11": "a\\'$",
    "Logging__LogLevel": "Debug",
}
ISSUER = "it's $5 #1"
KEY = "a;key'with\"all$that#is odd, and long enough\\"


def environment(container: str) -> dict[str, str]:
    """Return the variables that a container got."""
    found = json.loads(server.run("docker", "inspect", "--format", "{{json .Config.Env}}", container))
    return dict(pair.split("=", 1) for pair in found)


def test_typed_values_mean_what_they_say() -> None:
    done = type_in("ansible-playbook -i inventories/production deploy.yml " + " ".join(f"-e {value}" for value in TYPED))
    assert (done.code, done.recap()["changed"]) == (0, 0) and "Nothing to change: the server is as described." in done.output


def test_values_of_an_ini_inventory_too(tmp_path: Path) -> None:
    (tmp_path / "values.ini").write_text("\n".join(["[rarebooks]", "rarebooks-commands", "[rarebooks:vars]", *TYPED]))
    done = type_in(f"ansible-playbook -i inventories/production -i {tmp_path}/values.ini deploy.yml")
    assert (done.code, done.recap()["changed"]) == (0, 0) and "Nothing to change: the server is as described." in done.output


def test_values_of_another_type_are_refused_at_once(refused: Deployer) -> None:
    lines = refused(WRONG).message().splitlines()
    assert lines[0] == "Nothing has been changed. These variables cannot be used as they are:"
    assert sorted(line.partition(": ")[0] for line in lines[1:]) == sorted(
        f"- {name}" for name in ("maymessenger_backend_probe_timing", *(set(WRONG) - {"maymessenger_backend_probe_timing"}))
    )


def test_values_that_would_be_read_as_something_else_are_refused_at_once(refused: Deployer) -> None:
    lines = refused(FORMATS).message().splitlines()
    assert lines[0] == "Nothing has been changed. Before a deploy can start:"
    assert [line.partition(": expected")[0] for line in lines[1:]] == [
        "- rarebooks_body_size",
        "- rarebooks_db_user",
        "- rarebooks_extra_environment: Logging:LogLevel",
        "- rarebooks_extra_environment: NUMBER",
    ]


def test_values_arrive_byte_for_byte(deploying: Deployer) -> None:
    variables: dict[str, Any] = {
        "rarebooks_extra_environment": ODD,
        "rarebooks_jwt_issuer": ISSUER,
        "rarebooks_jwt_key": KEY,
        "stack_backup_databases": "dump",
        "rarebooks_frontend_probe_timing": {"start_period": 100},
    }
    assert deploying(variables, "--diff", given=[KEY]).code == 0
    found = environment("rarebooks_backend")
    expected = {**ODD, "Jwt__Issuer": ISSUER, "Jwt__Key": KEY}
    assert {name: found.get(name) for name in expected} == expected
    timing = server.run("docker", "inspect", "--format", "{{json .Config.Healthcheck}}", "rarebooks_frontend")
    assert {name: json.loads(timing)[name] // 10**9 for name in ("StartPeriod", "Interval", "Timeout")} == {
        "StartPeriod": 100,
        "Interval": 30,
        "Timeout": 10,
    }
