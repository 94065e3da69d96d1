"""After a reboot of the server everything comes up by itself, in whatever order (P11 in docs/incidents.md)."""

from support import inspect, wait_healthy


def test_everything_comes_back_with_its_data(host, web, written, reboot):
    before = {name: one["Id"] for name, one in inspect(host).items()}
    reboot()
    wait_healthy(host)
    assert {name: one["Id"] for name, one in inspect(host).items()} == before
    assert web.shop_serves()
    assert web.messenger_serves()
    assert written.read(web) == written.content
