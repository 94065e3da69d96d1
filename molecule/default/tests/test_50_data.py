"""What was written stays: a whole new set of containers finds it again (D1 in docs/incidents.md)."""

from support import compose, inspect, wait_healthy


def test_data_survive_new_containers(host, web, written):
    assert written.read(web) == written.content
    before = {one["Id"] for one in inspect(host).values()}
    compose(host, "down")
    compose(host, "up --detach --no-build")
    wait_healthy(host)
    assert before.isdisjoint(one["Id"] for one in inspect(host).values())
    assert written.read(web) == written.content
