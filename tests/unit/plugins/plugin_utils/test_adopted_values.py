"""What the inventory of an adopted server says, from what was recorded of one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible_collections.rarebooks.platform.plugins.action.adopted_inventory import text
from ansible_collections.rarebooks.platform.plugins.module_utils._adoption import engine, reading, scheduled, values
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _adopted_values, _variables
from recorded_server import Recorded, release_of

ROOT = Path(__file__).resolve().parents[4]
ROLES = ("proxy", "rarebooks", "maymessenger")
SHOP = App(name="rarebooks", containers=("rarebooks_backend", "rarebooks_frontend", "rarebooks_books_db", "rarebooks_users_db"))
CHAT = App(name="maymessenger", containers=("db_maymessenger", "maymessenger_backend"))
WANTED: dict[str, dict[str, Any]] = {name: {} for name in (*SHOP.containers, *CHAT.containers, "nginx_container")}
KEYS = "ASPNETCORE_ENVIRONMENT ASPNETCORE_URLS ConnectionStrings__BooksDb ConnectionStrings__UsersDb Jwt__Key"
WANTED["rarebooks_backend"]["environment"] = dict.fromkeys(KEYS.split(), "")


def role_file(role: str, place: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "roles" / role / place / "main.yml").read_text())
    return loaded


ADOPTIONS = [role_file(role, "vars")[f"{role}_adoption"] for role in ROLES]
DEFAULTS = {name: value for role in (*ROLES, "stack", "network", "certificates") for name, value in role_file(role, "defaults").items()}


@pytest.fixture(autouse=True)
def _no_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduled, "read", lambda root="": [])


def said(server: Recorded) -> dict[str, Any]:
    """Return the variables by name, and the notes with nothing as their value."""
    everything = engine.inspect(server)
    facts = reading.read(server, everything, release_of(WANTED), "rarebooksdokploy", "/none", [], ADOPTIONS)
    facts["directories"] = [{"path": "/root/RareBooksDokploy", "backups": []}]
    return {one.name: one.value for one in _adopted_values.entries(facts, ADOPTIONS, [SHOP, CHAT], DEFAULTS)}


def test_only_what_is_not_the_default_is_said() -> None:
    found = said(Recorded())
    found.pop("certificates_mode", None)  # It depends on the machine that runs the tests.
    assert found == {
        "stack_adopt": True,
        "stack_adopt_proxy": "later",
        "stack_path": "/root/RareBooksDokploy",
        "network_name": "rarebooksdokploy_rarebooks_network",
        "rarebooks_jwt_issuer": "https://rare-books.ru",
        "rarebooks_jwt_audience": "https://rare-books-app.ru",
        "maymessenger_backend_image": "rarebooksdokploy-maymessenger_backend",
        "maymessenger_web_client_image": "nginx:stable-alpine",
        "maymessenger_admin_phone": "+70000000001",
        "maymessenger_media": [
            {"volume": "maymessenger_firebase", "path": "/app/firebase_config"},
            {"volume": "maymessenger_audio", "path": "/app/wwwroot/audio", "location": "/audio/"},
            {"volume": "maymessenger_images", "path": "/app/wwwroot/images", "location": "/images/"},
        ],
        "rarebooks_server_names": ["rare-books.ru", "www.rare-books.ru"],
        # Whether it may be secret is not known of a key that no role knows.
        "maymessenger_extra_environment: ConnectionStrings__DefaultConnection": None,
        "maymessenger_extra_environment: Jwt__Secret": None,
        "maymessenger_extra_environment: Seed__AdminPassword": None,
        "maymessenger_extra_environment: Seed__InviteCode": None,
        "maymessenger_extra_environment": {"ASPNETCORE_URLS": "http://+:5000"},
        **({"rarebooks_backend_kept_files": ["/app/appsettings.json"]} if "rarebooks_backend_kept_files" in DEFAULTS else {}),
    }


@pytest.mark.parametrize(("of_ours", "mode"), [([True, True], "selfsigned"), ([True, False], "existing"), ([False], "existing")])
def test_certificates_of_the_servers_own_authority_go_on_being_issued_by_it(
    monkeypatch: pytest.MonkeyPatch, of_ours: list[bool], mode: str
) -> None:
    monkeypatch.setattr(reading.certificates, "read", lambda *_args: [{"local_ca": one} for one in of_ours])
    assert said(Recorded()).get("certificates_mode", DEFAULTS["certificates_mode"]) == mode


def test_an_app_without_a_container_is_left_out() -> None:
    server = Recorded()
    server.containers = [one for one in server.containers if "maymessenger" not in one["Name"]]
    assert said(server)["stack_apps"] == ["rarebooks"]


def test_a_health_check_is_taken_with_its_timing() -> None:
    server = Recorded()
    server.container("rarebooks_backend")["Config"]["Healthcheck"] = {
        "Test": ["CMD-SHELL", "curl -f http://127.0.0.1/health"],
        "Interval": 15 * 10**9,
        "Retries": 5,
    }
    found = said(server)
    assert found["rarebooks_backend_probe"] == ["sh", "-c", "curl -f http://127.0.0.1/health"]
    assert found["rarebooks_backend_probe_timing"] == {"interval": 15, "retries": 5}


@pytest.mark.parametrize(
    "words", [["CMD", "redis-cli", "-a", "x", "ping"], ["CMD-SHELL", "curl -H 'Authorization: x' localhost"], ["NONE"]]
)
def test_a_health_check_that_may_hold_a_secret_is_not_shown(words: list[str]) -> None:
    server = Recorded()
    server.container("rarebooks_backend")["Config"]["Healthcheck"] = {"Test": words}
    assert "rarebooks_backend_probe" not in said(server)


@pytest.mark.parametrize(
    ("pair", "shown"),
    [
        ("Features__Search=on", True),
        ("Smtp__Host=relay.example.org", True),
        ("Telegram__BotToken=123:abc", False),
        ("YooKassa__ShopId=x", True),
        ("Cache=redis://user:geheim@redis:6379", False),
        ("Opaque=h8Jk2lQ9pZ3xV7bN5mC1", False),
        ("Dsn2=Host=x;Password=geheim", False),
    ],
)
def test_what_may_be_secret_stays_on_the_server(pair: str, shown: bool) -> None:
    server = Recorded()
    server.container("rarebooks_backend")["Config"]["Env"].append(pair)
    key, _equals, value = pair.partition("=")
    found = said(server)
    assert (found.get("rarebooks_extra_environment", {}).get(key) == value) is shown
    assert (f"rarebooks_extra_environment: {key}" in found) is not shown
    assert shown or value not in str(found)


def test_a_deploy_accepts_the_types_of_what_is_written(tmp_path: Path) -> None:
    """As the variables are checked before anything else, with the values that are read back from the file."""
    server = Recorded()
    server.container("rarebooks_backend")["Config"]["Env"].append("Feature=on")
    server.container("rarebooks_backend")["Config"]["Healthcheck"] = {
        "Test": ["CMD", "wget", "http://127.0.0.1:80/"],
        "Interval": 15 * 10**9,
    }
    found = said(server)
    assert {"rarebooks_extra_environment", "rarebooks_backend_probe", "rarebooks_backend_probe_timing"} <= found.keys()
    (tmp_path / "main.yml").write_text(text(_adopted_values.Entry(name, value, "x") for name, value in found.items() if value is not None))
    specs = {
        name: spec
        for role in (*ROLES, "stack", "network", "certificates")
        for name, spec in yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text())["argument_specs"]["main"][
            "options"
        ].items()
    }
    loaded = DataLoader().load_from_file(str(tmp_path / "main.yml"))
    assert loaded.keys() <= specs.keys()
    assert [problem for name, value in loaded.items() for problem in _variables.problems(name, value, specs[name])] == []


def test_what_everybody_knows_is_not_told_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "is_published", lambda value: value == "https://rare-books.ru")
    found = said(Recorded())
    assert "rarebooks_jwt_issuer" not in found and "rarebooks_jwt_audience" in found


def test_host_names_are_those_of_the_site_that_is_served_over_tls() -> None:
    server = Recorded()
    code, text_of_nginx, error = server.nginx
    plain = "http {\n    server { listen 80; server_name old.rare-books.ru; location / { proxy_pass http://backend; } }"
    server.nginx = (code, text_of_nginx.replace("http {", plain, 1) + "", error)
    assert said(server)["rarebooks_server_names"] == ["rare-books.ru", "www.rare-books.ru"]
    last = "\n    server { listen 80; server_name old.rare-books.ru; location / { proxy_pass http://backend; } }\n}\n"
    server.nginx = (code, text_of_nginx.rstrip().removesuffix("}") + last, error)
    assert said(server)["rarebooks_server_names"] == ["rare-books.ru", "www.rare-books.ru"]


def test_media_are_served_as_they_are() -> None:
    server = Recorded()
    code, text_of_nginx, error = server.nginx
    media = "location /images/ { proxy_pass http://maymessenger_backend; expires 1d; client_max_body_size 100M; }\n        location /web/"
    server.nginx = (code, text_of_nginx.replace("location /web/", media, 1), error)
    assert said(server)["maymessenger_media"][2] == {
        "volume": "maymessenger_images",
        "path": "/app/wwwroot/images",
        "location": "/images/",
        "expires": "1d",
        "body_size": "100M",
    }


def test_what_roles_have_variables_for_is_read_off_the_locations() -> None:
    server = Recorded()
    code, text_of_nginx, error = server.nginx
    more = """
        location /api/ { proxy_pass http://maymessenger_backend; client_max_body_size 50M; }
        location ~ ^/uploads/audio/(.*)$ { return 301 /audio/$1; }
        location /messenger/setup/ { proxy_pass http://maymessenger_backend/api/messenger/setup/; }
        location /hubs/ { proxy_pass http://maymessenger_backend; proxy_read_timeout 7d; }
        location /web/"""
    text_of_nginx = re.sub(r"location /hubs/ \{[^}]*\}", "", text_of_nginx)
    server.nginx = (code, text_of_nginx.replace("location /web/", more.strip(), 1), error)
    found = said(server)
    assert found["maymessenger_redirects"] == {"/uploads/audio/": "/audio/"}
    assert found["maymessenger_rewrites"] == {"/messenger/setup/": "/api/messenger/setup/"}
    assert found["maymessenger_hub_timeout"] == "7d"
    # 50M is what the defaults call 50m.
    assert not {"maymessenger_body_size", "rarebooks_body_size", "rarebooks_setup_body_size"} & found.keys()
