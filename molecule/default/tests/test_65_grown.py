"""All that the owner's system has grown since the guide, deployed over what was there, and back again."""

import http.client
import ssl

import pytest
from apps import MESSENGER_URL, SHOP_URL
from contract import DIRECTORY, MESSENGER, MIB, PROJECT
from deployment import ROOT, deploy
from support import inspect

SECOND = 10**9
KINDS = ("audio", "images", "avatars", "files", "videos")
SIZES = {"videos": {"body_size": "100m"}}
GROWN = {
    "maymessenger_media": [
        *(
            {
                "volume": f"maymessenger_{kind}",
                "path": f"/app/wwwroot/{kind}",
                "location": f"/{kind}/",
                "expires": "1d",
                **SIZES.get(kind, {}),
            }
            for kind in KINDS
        ),
        {"volume": "maymessenger_firebase", "path": "/app/firebase_config"},
    ],
    "maymessenger_redirects": {"/uploads/audio/": "/audio/"},
    "maymessenger_rewrites": {"/messenger/setup/": "/api/messenger/setup/"},
    "maymessenger_hub_timeout": "7d",
    "maymessenger_web_client_image": "maymessenger_web_client:latest",
    "maymessenger_backend_dest": "_may_messenger_backend",
    "maymessenger_backend_probe": ["/usr/local/bin/healthcheck", "http://127.0.0.1:5000/health/ready"],
    "maymessenger_backend_probe_timing": {"interval": 15, "timeout": 5, "retries": 5, "start_period": 120},
    "rarebooks_jwt_issuer": "https://rare-books.ru",
    "rarebooks_jwt_audience": "https://rare-books-app.ru",
    "rarebooks_health_path": "/api/test/health",
    "proxy_gzip": True,
    "proxy_body_size": "50m",
}


@pytest.fixture(scope="module", autouse=True)
def grown():
    deployed = deploy(GROWN)
    assert deployed.code == 0, deployed.output
    yield
    # The scenario ends as it began: a deploy of its inventory changes nothing.
    back = deploy({})
    assert back.code == 0, back.output


@pytest.fixture(scope="module")
def found(host):
    return inspect(host)


def test_it_is_deployed_once():
    again = deploy(GROWN)
    assert again.code == 0, again.output
    assert again.recap()["changed"] == 0, again.output


@pytest.mark.parametrize(
    ("name", "probe", "seconds"),
    [
        ("maymessenger_web_client", "http://127.0.0.1:80/healthz", (15, 3, 3, 30)),
        ("maymessenger_backend", "http://127.0.0.1:5000/health/ready", (15, 5, 5, 120)),
    ],
)
def test_probes(found, name, probe, seconds):
    assert found[name]["State"]["Health"]["Status"] == "healthy"
    health = found[name]["Config"]["Healthcheck"]
    assert health["Test"][-1] == probe
    interval, timeout, retries, start = seconds
    assert (health["Interval"], health["Timeout"], health["Retries"]) == (interval * SECOND, timeout * SECOND, retries)
    assert health["StartPeriod"] == start * SECOND


def test_volumes(found):
    mounts = {mount["Destination"]: mount["Name"] for mount in found["maymessenger_backend"]["Mounts"]}
    places = {kind: f"/app/wwwroot/{kind}" for kind in KINDS} | {"firebase": "/app/firebase_config"}
    assert mounts == {place: f"{PROJECT}_maymessenger_{kind}" for kind, place in places.items()}


def test_the_shop_s_environment(found):
    ours = [one for one in found["rarebooks_backend"]["Config"]["Env"] if one.startswith(("Jwt__Issuer", "Jwt__Audience"))]
    assert sorted(ours) == ["Jwt__Audience=https://rare-books-app.ru", "Jwt__Issuer=https://rare-books.ru"]


def test_the_source_lies_where_it_shall(host):
    assert host.file(f"{DIRECTORY}/_may_messenger_backend/MayMessenger.sln").is_file


@pytest.mark.parametrize("kind", KINDS)
def test_media_come_from_their_volumes_and_are_kept_for_a_day(host, web, kind):
    host.check_output("docker exec maymessenger_backend sh -c %s", f"echo {kind} > /app/wwwroot/{kind}/test.ogg")
    answer = web.get(f"{MESSENGER_URL}/{kind}/test.ogg")
    assert (answer.status_code, answer.text) == (200, f"{kind}\n")
    assert answer.headers["Cache-Control"] == "max-age=86400"
    missing = web.get(f"{MESSENGER_URL}/{kind}/none.ogg")
    # The app's own 404 is JSON, nginx's is a page.
    assert (missing.status_code, missing.headers["Content-Type"].split(";")[0]) == (404, "application/json")
    assert "Cache-Control" not in missing.headers


def test_what_has_no_place_is_not_served(host, web):
    host.check_output("docker exec maymessenger_backend sh -c %s", "echo secret > /app/firebase_config/key.json")
    for path in ("/firebase_config/key.json", "/firebase/key.json"):
        answer = web.get(f"{MESSENGER_URL}{path}")
        assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (404, "text/html")


def announce(ca, path, length):
    """Announce a body without sending one, and return what is answered: the proxy must not wait for it."""
    connection = http.client.HTTPSConnection(MESSENGER, context=ssl.create_default_context(cafile=ca), timeout=10)
    connection.putrequest("POST", path)
    connection.putheader("Content-Length", str(length))
    connection.endheaders()
    answer = connection.getresponse()
    connection.close()
    return answer.status, answer.getheader("Content-Type")


def test_videos_may_be_larger(ca, web):
    assert announce(ca, "/files/x.mp4", 50 * MIB + 1) == (413, "text/html")
    assert announce(ca, "/videos/x.mp4", 100 * MIB + 1) == (413, "text/html")
    # It is the app that does not take it there.
    answer = web.post(f"{MESSENGER_URL}/videos/x.mp4", data=bytes(50 * MIB + 1), timeout=60)
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (405, "application/json")


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/", "/web/"),
        ("/web", "/web/"),
        ("/uploads/audio/a%20b.ogg?c=%26", "/audio/a%20b.ogg?c=%26"),
        ("/swagger", "/swagger/index.html"),
    ],
)
def test_redirects(web, path, location):
    answer = web.get(f"{MESSENGER_URL}{path}")
    assert (answer.status_code, answer.headers["Location"]) == (301, location)


def test_a_redirect_writes_no_header_that_a_visitor_made_up(web):
    answer = web.get(f"{MESSENGER_URL}/uploads/audio/a%0d%0aX-Made-Up:%20b")
    assert "X-Made-Up" not in answer.headers


def test_the_set_up_is_asked_under_its_own_name(web):
    answer = web.get(f"{MESSENGER_URL}/messenger/setup/a%20b?c=%26")
    assert answer.status_code == 200
    assert (answer.json()["endpoint"], answer.json()["path"]) == ("messenger", "/api/messenger/setup/a%20b")
    assert answer.json()["query"] == {"c": "&"}


def test_the_web_client_is_served_below_its_prefix(web):
    page = web.get(f"{MESSENGER_URL}/web/")
    assert (page.status_code, "<title>May Messenger</title>" in page.text) == (200, True)
    script = web.get(f"{MESSENGER_URL}/web/client.js")
    assert script.text == (ROOT / "demo/apps/maymessenger_web_client/html/client.js").read_text()
    assert web.get(f"{MESSENGER_URL}/web/healthz").text == "healthy\n"


def test_what_was_there_is_there(web):
    assert web.get(f"{MESSENGER_URL}/api/test/echo").json()["endpoint"] == "messenger"
    assert web.get(f"{MESSENGER_URL}/health/ready").json()["status"] == "Ready"
    assert web.post(f"{MESSENGER_URL}/hubs/chat/negotiate?negotiateVersion=1").status_code == 401


def test_the_shop_says_how_it_is(web):
    answer = web.get(f"{SHOP_URL}/api/test/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "healthy")


def test_texts_are_compressed(web):
    headers = {"Accept-Encoding": "gzip"}
    assert web.get(f"{MESSENGER_URL}/swagger/index.html", headers=headers).headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in web.get(f"{MESSENGER_URL}/videos/test.ogg", headers=headers).headers


def test_the_shop_serves_without_the_web_client(host, web):
    host.check_output("docker stop maymessenger_web_client")
    try:
        assert web.get(f"{MESSENGER_URL}/web/").status_code in (502, 503)
        assert web.messenger_serves() and web.shop_serves()
    finally:
        host.check_output("docker start maymessenger_web_client")
