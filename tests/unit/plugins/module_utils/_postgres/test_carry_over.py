# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a new cluster is told before anything is in it; tests/integration takes a real database to another version."""

from __future__ import annotations

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres import carry_over
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.by_hand import Setting
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.global_objects import GlobalObjects
from ansible_collections.rarebooks.platform.plugins.module_utils._postgres.properties import Properties
from postgres_support import SHOP

OLD = "ALTER ROLE reader WITH LOGIN PASSWORD 'md5900150983cd24fb0d6963f7d28e17f72';"
NEW = "ALTER ROLE reader WITH LOGIN PASSWORD 'SCRAM-SHA-256$4096:c2FsdA==$a2V5:a2V5';"


@pytest.mark.parametrize(
    ("role", "given", "method"),
    [
        (OLD, {}, "md5"),
        (NEW, {}, None),
        (OLD, {"POSTGRES_HOST_AUTH_METHOD": "trust"}, "trust"),
        (OLD, {"POSTGRES_HOST_AUTH_METHOD": ""}, "md5"),
    ],
)
def test_a_new_cluster_lets_in_whose_password_comes_along_as_md5(role: str, given: dict[str, str], method: str | None) -> None:
    first = carry_over._first_start(SHOP, given)
    notes = carry_over._let_in_by_md5(SHOP, GlobalObjects("keeper", (), (role,), Properties("")), first)
    assert first.get("POSTGRES_HOST_AUTH_METHOD") == method
    assert bool(notes) == (method == "md5")


def test_a_setting_is_taken_back_where_it_stands() -> None:
    data = "/var/lib/postgresql/data"
    edited, altered = Setting("a", "", f"{data}/postgresql.conf"), Setting("b", "", f"{data}/postgresql.auto.conf")
    assert carry_over._in_files(SHOP, [altered]) == ""
    assert carry_over._in_files(SHOP, [edited, altered]) == f"; but a in {data}/postgresql.conf of db_shop"
