"""Containers made by hand are on one network, whatever networks of its own an app has in a release."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, Database, Release
from ansible_collections.rarebooks.platform.plugins.module_utils._release.networks import as_by_hand, expected

NETWORKS = {"all": {"name": "shop_network", "external": True}, "shop_databases": {"name": "p_shop_databases", "internal": True}}
SERVICES: dict[str, dict[str, Any]] = {
    "db_books": {"image": "postgres:15", "networks": {"shop_databases": None}},
    "db_users": {"networks": {"shop_databases": None}},
    "backend": {"networks": {"all": {"aliases": ["api"]}, "shop_databases": None}},
    "frontend": {"networks": {"all": None}},
}


def release(network: str = "shop_databases") -> Release:
    databases = tuple(Database(container=name, name=name, user="u", network=network) for name in ("db_books", "db_users"))
    return Release(network="shop_network", apps=(App(name="shop", containers=(), databases=databases),))


def networks(services: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    return {key: sorted(one["networks"]) for key, one in services.items()}


def test_a_container_made_by_hand_is_compared_with_the_network_of_all_alone() -> None:
    found = as_by_hand(SERVICES, NETWORKS, release())
    assert networks(found) == {key: ["all"] for key in SERVICES}
    assert found["backend"]["networks"]["all"] == {"aliases": ["api"]} and found["db_books"]["image"] == "postgres:15"


def test_other_networks_than_those_of_databases_are_meant_for_it_too() -> None:
    assert networks(as_by_hand(SERVICES, NETWORKS, release(""))) == networks(SERVICES)


@pytest.mark.parametrize(
    ("carried", "joined"),
    [
        # Nobody has to be on a network on which nobody is.
        (["db_books", "db_users", "backend", "frontend"], []),
        (["db_users", "backend", "frontend"], ["backend", "db_users"]),
        # One that is made anew finds the others where they are, and they find it there.
        (["db_books", "db_users", "frontend"], []),
    ],
)
def test_one_that_is_carried_over_joins_what_it_no_longer_finds_elsewhere(carried: list[str], joined: list[str]) -> None:
    found = networks(expected(SERVICES, NETWORKS, release(), carried))
    assert {key: one for key, one in found.items() if key not in carried} == {
        key: one for key, one in networks(SERVICES).items() if key not in carried
    }
    assert {key: one for key, one in found.items() if key in carried} == {
        key: ["all", "shop_databases"] if key in joined else ["all"] for key in carried
    }
