"""Two apps of one server have nothing of one name."""

from __future__ import annotations

from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, Database
from ansible_collections.rarebooks.platform.plugins.plugin_utils._collisions import problems

SHOP = App(name="shop", containers=("shop_web",), volumes=("data",))


def test_apps_that_share_nothing() -> None:
    assert (
        problems([SHOP, App(name="blog", containers=("blog_web",), volumes=("data",), unprefixed_volumes=("data",))], ["nginx"], "p") == []
    )


def test_names_that_two_apps_claim() -> None:
    other = App(name="shop", containers=("shop_web", "nginx"), volumes=("p_data",), unprefixed_volumes=("p_data",))
    assert problems([SHOP, other], ["nginx"], "p") == [
        f"{what}: expected it in one app, got it in {owners}. Give it another name in all but one."
        for what, owners in (
            ("Container nginx", "the proxy and shop"),
            ("App shop", "shop and shop"),
            ("Container shop_web", "shop and shop"),
            ("Volume p_data", "shop and shop"),
        )
    ]


def test_a_network_is_one_apps_alone_however_many_databases_are_on_it() -> None:
    books, users = (Database(container=name, name=name, user="u", network="own") for name in ("books", "users"))
    shop, blog = (App(name=name, containers=(), databases=(books, users)) for name in ("shop", "blog"))
    assert problems([shop], [], "p") == []
    assert problems([shop, blog], [], "p") == [
        "Network own: expected it in one app, got it in shop and blog. Give it another name in all but one."
    ]
