"""What is said of data that are gone."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.plugin_utils._lost_data import problems

LOST: dict[str, Any] = {
    "volume": "ours_db_data",
    "state": "missing",
    "database": "Shop",
    "container": "shop_db",
    "backup": "20261101_120000",
    "others": [],
    "rows_sealed": 12,
    "rows": 0,
}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (
            {},
            "Volume ours_db_data: expected the database Shop of container shop_db that the last proven release had, got no such volume. "
            "Its newest dump, with 12 rows, is in backup 20261101_120000: ansible-playbook rollback.yml -e rollback_to=20261101_120000 "
            "-e rollback_restore_database=true -e rollback_confirm=true. To start without these data, deploy with "
            "-e stack_allow_empty_volumes=true.",
        ),
        (
            {"state": "empty", "rows": 2, "others": ["a_db", "b_db"]},
            "Volume ours_db_data: expected the database Shop of container shop_db that the last proven release had, got one made since, "
            "with 2 rows in all. Its newest dump, with 12 rows, is in backup 20261101_120000: ansible-playbook rollback.yml -e "
            "rollback_to=20261101_120000 -e rollback_restore_database=true -e rollback_confirm=true. The databases of a_db, b_db go back "
            "to that backup as well. To start without these data, deploy with -e stack_allow_empty_volumes=true.",
        ),
        (
            {"backup": ""},
            "Volume ours_db_data: expected the database Shop of container shop_db that the last proven release had, got no such volume. "
            "No backup has a dump of it: restore it from a copy of your own. To start without these data, deploy with "
            "-e stack_allow_empty_volumes=true.",
        ),
        (
            {"volume": "ours_images", "database": "", "container": "", "backup": ""},
            "Volume ours_images: expected the files that the last proven release had, got no such volume. Backups hold no files of "
            "volumes: restore it from a copy of your own. To start without these data, deploy with -e stack_allow_empty_volumes=true.",
        ),
    ],
)
def test_one_sentence_with_the_way_back(facts: dict[str, Any], expected: str) -> None:
    assert problems([{**LOST, **facts}]) == [expected]
