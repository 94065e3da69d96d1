"""Only what nginx takes and then serves stays; everything else gives way to what was served before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot import install as certbot_install
from ansible_collections.rarebooks.platform.plugins.module_utils._certbot.install import InstallError
from ansible_collections.rarebooks.platform.plugins.module_utils._certificates.live import Installed, Pair, placeholder
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.proxy import ProxyError
from certificates import pair
from lineages import settings

HOSTS = ["a.example.org"]
OLD, NEW = pair("a.example.org"), pair("a.example.org")


class Nginx:
    """Stands for the container: what it has loaded, and whether it takes what it is given."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings = settings(root)
        self.disk = Installed("site", self.settings.live)
        self.loaded: Pair | None = None
        self.running, self.broken, self.refused, self.stubborn = True, False, list[Pair](), False
        self.untrusted: list[Pair] = []
        self.reloads = 0
        monkeypatch.setattr(certbot_install, "runs", lambda _settings: self.running)
        monkeypatch.setattr(certbot_install, "_proxy", lambda _settings: self)
        monkeypatch.setattr(certbot_install.run, "wait_until_healthy", self.hold)

    def start(self, loaded: Pair) -> None:
        self.disk.put(loaded)
        self.loaded = loaded

    def test(self) -> None:
        if self.broken:
            raise ProxyError("a site is broken")
        if self.disk.pair() in self.refused:
            raise ProxyError("nginx refuses it")

    def reload(self) -> None:
        self.test()
        wanted = self.disk.pair()
        self.reloads += 1
        if not self.stubborn:
            self.loaded = wanted

    def hold(self, gate: Any, _secrets: Any) -> tuple[bool, dict[str, str]]:
        assert [check.host for check in gate.tls] == HOSTS
        well = self.loaded == self.disk.pair() and self.loaded not in self.untrusted
        return well, {"msg": "" if well else "the probe does not hold"}

    def install(self, wanted: Pair, hosts: list[str] = HOSTS, preparing: bool = False) -> bool:
        return certbot_install.install(self.settings, "site", wanted, hosts, preparing)


@pytest.fixture
def nginx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nginx:
    return Nginx(tmp_path, monkeypatch)


def test_a_new_certificate_is_loaded_and_the_old_one_kept_for_a_while(nginx: Nginx) -> None:
    nginx.start(OLD)
    assert nginx.install(NEW)
    assert (nginx.loaded, nginx.disk.pair(), nginx.reloads) == (NEW, NEW, 1)
    assert sorted(path.name for path in Path(nginx.disk.versions).iterdir()) == sorted([OLD.version, NEW.version])


def test_what_is_served_already_is_left_alone(nginx: Nginx) -> None:
    nginx.start(NEW)
    assert not nginx.install(NEW)
    assert nginx.reloads == 0


def test_what_an_interrupted_run_wrote_is_loaded_by_the_next(nginx: Nginx) -> None:
    nginx.start(OLD)
    nginx.disk.put(NEW)
    assert nginx.install(NEW)
    assert (nginx.loaded, nginx.reloads) == (NEW, 1)


def test_whether_there_is_anything_to_do_is_known_before(nginx: Nginx) -> None:
    def needed(one: Pair) -> bool:
        return certbot_install.is_needed(nginx.settings, "site", one, [*HOSTS, "dropped.example.org"])

    nginx.start(OLD)
    assert (needed(OLD), needed(NEW)) == (False, True)
    nginx.disk.put(NEW)
    assert needed(NEW)
    nginx.running = False
    assert not needed(NEW)
    assert (nginx.disk.pair(), nginx.reloads) == (NEW, 0)


def test_a_configuration_that_is_broken_already_is_not_touched(nginx: Nginx) -> None:
    nginx.start(OLD)
    nginx.broken = True
    with pytest.raises(ProxyError, match="a site is broken"):
        nginx.install(NEW)
    assert (nginx.disk.pair(), nginx.loaded, nginx.reloads) == (OLD, OLD, 0)
    assert [path.name for path in Path(nginx.disk.versions).iterdir()] == [OLD.version]


@pytest.mark.parametrize("fault", ["refused", "untrusted", "stubborn"])
def test_what_is_not_served_gives_way_to_what_was(nginx: Nginx, fault: str) -> None:
    nginx.start(OLD)
    if fault == "stubborn":
        nginx.stubborn = True
    else:
        getattr(nginx, fault).append(NEW)
    with pytest.raises(InstallError, match=r"The certificate before it is served again\. It is valid until"):
        nginx.install(NEW)
    assert (nginx.disk.pair(), nginx.loaded) == (OLD, OLD)


@pytest.mark.parametrize("worse", [placeholder(HOSTS), pair("a.example.org", left=-1)])
def test_a_placeholder_or_an_expired_one_does_not_come_back(nginx: Nginx, worse: Pair) -> None:
    nginx.start(worse)
    nginx.untrusted.append(NEW)
    with pytest.raises(InstallError, match="not served as it must be"):
        nginx.install(NEW)
    assert nginx.disk.pair() == nginx.loaded == NEW


def test_without_a_proxy_it_is_only_put_there(nginx: Nginx) -> None:
    nginx.running = False
    assert nginx.install(NEW)
    assert not nginx.install(NEW)
    assert (nginx.disk.pair(), nginx.reloads) == (NEW, 0)


def test_a_host_that_the_new_one_does_not_cover_is_not_asked(nginx: Nginx) -> None:
    nginx.start(OLD)
    assert nginx.install(NEW, [*HOSTS, "dropped.example.org"])


BOTH = pair("a.example.org", "dropped.example.org")


def test_the_live_releases_hosts_are_not_taken_from_it(nginx: Nginx) -> None:
    """As by the timer, after a deploy that ordered for other names and failed."""
    nginx.start(BOTH)
    with pytest.raises(InstallError, match=r"expected one that covers dropped\.example\.org too, which the live release serves"):
        nginx.install(NEW, [*HOSTS, "dropped.example.org"])
    assert (nginx.disk.pair(), nginx.loaded, nginx.reloads) == (BOTH, BOTH, 0)


def test_a_release_that_is_prepared_may_until_it_fails(nginx: Nginx) -> None:
    nginx.start(BOTH)
    assert nginx.install(NEW, [*HOSTS, "dropped.example.org"], preparing=True)
    assert (nginx.loaded, nginx.disk.before()) == (NEW, BOTH)
    # Where no host is lost there is nothing to come back for.
    nginx.disk.settle()
    assert nginx.install(OLD, preparing=True)
    assert nginx.disk.before() is None


def test_what_cannot_be_read_is_replaced(nginx: Nginx) -> None:
    nginx.start(Pair(b"nothing", b"nothing"))
    assert nginx.install(NEW, [*HOSTS, "dropped.example.org"])
    assert nginx.loaded == NEW


BROKEN = {
    "key of another": Pair(OLD.chain, NEW.key),
    "no key": Pair(OLD.chain, b""),
    "empty chain": Pair(b"", OLD.key),
    "no certificate": Pair(b"nothing", OLD.key),
}


@pytest.mark.parametrize("held", BROKEN.values(), ids=BROKEN)
def test_a_pair_that_keeps_nginx_from_reading_anything_is_replaced(nginx: Nginx, held: Pair) -> None:
    nginx.disk.put(held)
    nginx.refused.append(held)
    assert nginx.install(NEW, [*HOSTS, "dropped.example.org"])
    assert nginx.loaded == NEW
    # It is no reason either to say nothing of the others.
    nginx.disk.put(held)
    assert certbot_install.ending(nginx.settings, ["site"]) == []


@pytest.mark.parametrize("held", BROKEN.values(), ids=BROKEN)
def test_a_broken_pair_does_not_come_back(nginx: Nginx, held: Pair) -> None:
    nginx.disk.put(held)
    nginx.untrusted.append(NEW)
    with pytest.raises(InstallError, match="not served as it must be"):
        nginx.install(NEW)
    assert nginx.disk.pair() == NEW


@pytest.mark.parametrize(("left", "warned"), [(20.9, True), (21.1, False)])
def test_what_ends_soon_is_told(nginx: Nginx, left: float, warned: bool) -> None:
    nginx.start(pair("a.example.org", left=left))
    texts = certbot_install.ending(nginx.settings, ["site", "missing"])
    assert ["site on shop has 20.9 days left" in text for text in texts] == [True] * warned


def put_by_others(nginx: Nginx, wanted: Pair) -> None:
    """Leave a pair as certbot does: files or links of its own."""
    for file, data in (("fullchain.pem", wanted.chain), ("privkey.pem", wanted.key)):
        path = Path(nginx.disk.directory, file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def everything(nginx: Nginx) -> dict[str, tuple[bytes, int]]:
    root = Path(nginx.settings.live).parent
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in root.rglob("*") if path.is_file()}


def serve(nginx: Nginx) -> bool:
    before = everything(nginx)
    try:
        return certbot_install.serve(nginx.settings, "site", HOSTS)
    finally:
        assert everything(nginx) == before


def test_what_others_renewed_is_read_and_not_written(nginx: Nginx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certbot_install.trial, "complaint", lambda *_arguments: "")
    put_by_others(nginx, OLD)
    nginx.loaded = OLD
    assert not serve(nginx)
    put_by_others(nginx, NEW)
    assert serve(nginx)
    assert (nginx.loaded, nginx.reloads) == (NEW, 1)
    assert not serve(nginx)


def test_what_others_broke_is_not_read(nginx: Nginx) -> None:
    nginx.loaded = OLD
    put_by_others(nginx, Pair(NEW.chain, OLD.key))
    with pytest.raises(InstallError, match=r"KEY_VALUES_MISMATCH.*and nginx has not been reloaded"):
        serve(nginx)
    Path(nginx.disk.directory, "privkey.pem").unlink()
    with pytest.raises(InstallError, match="expected a chain and its key, got no such files"):
        serve(nginx)
    assert (nginx.loaded, nginx.reloads) == (OLD, 0)


def test_what_others_renewed_and_nginx_does_not_serve_is_told(nginx: Nginx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certbot_install.trial, "complaint", lambda *_arguments: "")
    nginx.loaded, nginx.stubborn = OLD, True
    put_by_others(nginx, NEW)
    with pytest.raises(InstallError, match="not served as it must be"):
        serve(nginx)
