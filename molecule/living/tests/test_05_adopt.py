"""The report on a server that somebody set up by hand: what it says, word for word, and that nothing is changed by looking."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import by_hand
import pytest
import server
from deployment import Deploy
from guests import wait_serving
from operators import Deployer
from support import Web
from visitor import Visitor

SECRETS = [*by_hand.PASSWORDS.values(), *by_hand.KEYS.values()]
OTHER = "another value in the release; give the one of today in the inventory"
UNDECIDED = [
    f"environment maymessenger_backend Seed__AdminPhone: {OTHER}, as maymessenger_admin_phone",
    "volume rarebooksdokploy_maymessenger_firebase: mounted today, and by nothing in the release; it stays on the server",
    "volume rarebooksdokploy_maymessenger_images: mounted today, and by nothing in the release; it stays on the server",
    "container maymessenger_web_client: goes on running, but no route leads to it any more",
    f"environment rarebooks_backend Jwt__Audience: {OTHER}, as rarebooks_jwt_audience",
    f"environment rarebooks_backend Jwt__Issuer: {OTHER}, as rarebooks_jwt_issuer",
    "setting rarebooks_backend extra_hosts: in its Compose file, and not like that in the release",
    "file rarebooks_backend /app/appsettings.json: written outside of volumes, and gone with its container",
    "site archive.rare-books.ru: no app of the release serves it",
    "location messenger.rare-books.ru /web/: the release does not answer there as nginx does today",
    "location messenger.rare-books.ru /: the release does not answer there as nginx does today",
]
REPORT = {
    "1. Taken over as it is": [
        "Containers: db_maymessenger, maymessenger_backend, nginx_container, rarebooks_backend, rarebooks_books_db, rarebooks_frontend, "
        "rarebooks_users_db",
        "Volumes: rarebooksdokploy_collection_images, rarebooksdokploy_db_books_data, rarebooksdokploy_db_maymessenger_data, "
        "rarebooksdokploy_db_users_data, rarebooksdokploy_maymessenger_audio",
        "Networks: rarebooksdokploy_rarebooks_network",
        "Secrets in force, from what runs to the server's own store: rarebooks_books_db_password from rarebooks_books_db, "
        "rarebooks_users_db_password from rarebooks_users_db, maymessenger_db_password from db_maymessenger, rarebooks_jwt_key from "
        "rarebooks_backend, maymessenger_jwt_secret from maymessenger_backend, maymessenger_admin_password from maymessenger_backend, "
        "maymessenger_invite_code from maymessenger_backend",
        "Certificates: messenger.rare-books.ru (messenger.rare-books.ru www.messenger.rare-books.ru) until DAY, renewed by nobody, "
        "rare-books.ru (rare-books.ru www.rare-books.ru) until DAY, renewed by nobody",
    ],
    "2. Different from what a deploy makes": [
        "network_name: the containers are on rarebooksdokploy_rarebooks_network, the inventory says rarebooks_network.",
        "Without a health check, which the release has: db_maymessenger, maymessenger_backend, nginx_container, rarebooks_backend, "
        "rarebooks_books_db, rarebooks_frontend, rarebooks_users_db.",
        "Host names that nobody knows are answered by the first site; the release refuses them.",
        "nginx has one mounted file, /root/RareBooksDokploy/nginx/nginx_prod.conf; the release mounts a directory, so that a change "
        "reaches it.",
        "Packages that a deploy installs: python3-docker, python3-requests.",
    ],
    "3. Dangerous": [
        "rarebooks_backend has written outside of volumes: the next image loses /app/appsettings.json.",
        "Certificate messenger.rare-books.ru is signed by itself: no browser trusts it.",
        "Certificate messenger.rare-books.ru is renewed by nobody (no timer, no line of cron, no container); it ends on DAY.",
        "Certificate rare-books.ru is signed by itself: no browser trusts it.",
        "Certificate rare-books.ru is renewed by nobody (no timer, no line of cron, no container); it ends on DAY.",
        "rarebooks_backend: its first set-up is open to everyone, as https://www.rare-books.ru/api/test/setup-status says, so that whoever "
        "comes first may do it.",
    ],
    "4. Lost unless decided": UNDECIDED,
    "5. Broken today": ["nothing"],
}


class Page(HTMLParser):
    """What a page refers to, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [str(value) for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("adoption") / "page.html"


@pytest.fixture(scope="module")
def adopt(page: Path, deploying: Deployer, by_hand_ca: str) -> Deploy:
    """Run the playbook while somebody uses the shop, which answers once its databases do."""
    wait_serving(Web(by_hand_ca))
    before = server.state()
    with Visitor(server.address(), by_hand_ca) as visitor:
        done = deploying({"adopt_report": str(page)}, playbook="adopt.yml", given=SECRETS)
    visitor.assert_served(10)
    assert server.difference(before, server.state()) == {}
    assert done.code == 0 and done.recap()["changed"] == 0
    return done


def sections(output: str) -> dict[str, list[str]]:
    """Return the lines of the report by the headings of its classes, days left out."""
    text = re.sub(r"\d{4}-\d\d-\d\d", "DAY", output)
    found: dict[str, list[str]] = {}
    for line in map(str.strip, text[text.index("1. Taken over as it is") :].partition("\n\n    The same")[0].splitlines()):
        if re.match(r"\d\. ", line):
            found[line] = []
        elif line:
            list(found.values())[-1].append(line.removeprefix("- "))
    return found


def test_the_report_says_what_becomes_of_everything(adopt: Deploy) -> None:
    found = sections(adopt.output)
    assert list(found) == list(REPORT)
    for title, lines in REPORT.items():
        assert found[title] == lines


def test_the_page_says_the_same_by_itself(adopt: Deploy, page: Path) -> None:
    html = page.read_text()
    found = Page(html)
    text = re.sub(r"\d{4}-\d\d-\d\d", "DAY", found.text)
    assert found.links == [] and page.stat().st_mode & 0o777 == 0o600
    assert [line for lines in REPORT.values() for line in lines if line not in text] == []
    assert "proxy_pass http://web_client/;" in text and "renewed by" in adopt.output
    assert [secret for secret in SECRETS if secret in html] == []


def test_what_visitors_would_notice_is_asked_of_a_proxy_beside_the_running_one(deploying: Deployer, page: Path) -> None:
    before = server.state()
    done = deploying({"adopt_report": str(page), "adopt_compare": True}, playbook="adopt.yml", given=SECRETS)
    assert server.difference(before, server.state()) == {}
    assert done.code == 0 and done.recap()["changed"] == 0
    assert "requests asked of the running proxy and of one with the configuration of the release" in done.output
    for told in ("messenger.rare-books.ru/web/: status 200 becomes 404", "archive.rare-books.ru/: status 200 becomes no answer"):
        assert f"- GET https://{told}" in done.output
    assert "What visitors would notice" in Page(page.read_text()).text


def test_what_is_let_go_is_decided(deploying: Deployer, page: Path) -> None:
    let_go = [line.partition(":")[0] for line in UNDECIDED[:-1]]
    done = deploying({"adopt_report": str(page), "stack_let_go": let_go}, playbook="adopt.yml", given=SECRETS)
    assert sections(done.output)["4. Lost unless decided"] == UNDECIDED[-1:]


def test_an_adopting_deploy_stops_for_what_is_undecided(refused: Deployer) -> None:
    decided = {"stack_adopt": True, "stack_let_go": [line.partition(":")[0] for line in UNDECIDED[1:]]}
    message = refused(decided, given=SECRETS).message()
    assert [line for line in message.splitlines() if line.startswith("- ")][-1] == f"- {UNDECIDED[0]}"
    assert re.search(r"^To look at all of it: ansible-playbook .*adopt\.yml$", message, re.MULTILINE)


def test_the_inventory_that_is_written_is_the_servers(deploying: Deployer, page: Path, tmp_path: Path) -> None:
    """What it cannot say is left to decide, and once that is done nothing would be lost, nor is a deploy refused but for certificates."""
    before, shop = server.state(), tmp_path / "shop"
    done = deploying({"adopt_report": str(page), "adopt_write_to": str(shop)}, playbook="adopt.yml", given=SECRETS)
    assert done.code == 0 and done.recap()["changed"] == 0 and server.difference(before, server.state()) == {}
    file = shop / "group_vars/rarebooks/main.yml"
    text = file.read_text()
    assert [secret for secret in SECRETS if secret in text] == []
    assert "\nstack_path: /root/RareBooksDokploy\n" in text and "server_name archive.rare-books.ru;" in text
    open_ones = [line for line in text.splitlines() if line.startswith("#   - ")]
    assert open_ones and sections(done.output)["4. Lost unless decided"] == [": ".join(split(line)) for line in open_ones]
    file.write_text(re.sub(r"^# stack_let_go", "stack_let_go", re.sub(r"^#   - ", "  - ", text, flags=re.M), flags=re.M))
    decided = deploying({"adopt_report": str(page)}, playbook="adopt.yml", inventory=shop, given=SECRETS)
    assert sections(decided.output)["4. Lost unless decided"] == ["nothing"]
    # Nobody trusts certificates that are signed by themselves; all that comes before them is accepted.
    problems = deploying({}, "--check", inventory=shop, given=SECRETS).message().splitlines()[1:]
    assert [line for line in problems if not re.match(r"- Certificate \S+: expected a chain that clients of", line)] == []


def split(line: str) -> tuple[str, str]:
    """Return the name of a decision and why it is one."""
    name, _sign, why = line.removeprefix("#   - ").partition(" # ")
    return name.strip(), why
