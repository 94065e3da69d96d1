"""What must hold before a deploy: each rule with what it accepts, and the whole sentence with which it refuses."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._base import published_secrets
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, Secret
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _preconditions as rules

SYSTEMS = {"debian": ["12", "13"], "ubuntu": ["24.04"]}
SHOP = App(name="shop", title="Shop", containers=(), server_names=("www.example.org", "example.org"))
CHAT = App(name="chat", title="Chat", containers=(), server_names=("chat.example.org",))


def engine_disk(free: int) -> dict[str, Any]:
    return {"path": "/var/lib/docker", "free": free}


def server(**facts: Any) -> dict[str, Any]:
    disks = {"disk_free": 9000, "engine_disk": engine_disk(9000)}
    return {**disks, "memory": 2000, "published": {}, "listeners": {}, "names": {}, "addresses": [], **facts}


@pytest.mark.parametrize(("name", "version"), [("debian", "12"), ("debian", "13"), ("ubuntu", "24.04")])
def test_known_systems(name: str, version: str) -> None:
    assert rules.system({"id": name, "version": version}, SYSTEMS) == []


@pytest.mark.parametrize(("name", "version"), [("debian", "11"), ("debian", ""), ("fedora", "13"), ("unknown", "")])
def test_unknown_systems(name: str, version: str) -> None:
    assert rules.system({"id": name, "version": version}, SYSTEMS) == [
        f"Operating system: expected one of debian 12, debian 13, ubuntu 24.04, got {name} {version}. Use a supported system."
    ]


def test_resources_are_enough_when_they_are_exactly_enough() -> None:
    assert rules.resources(server(disk_free=5120, engine_disk=engine_disk(5120), memory=900), "/opt/x", 5120, 900) == []


def test_both_resources_are_reported() -> None:
    disk, memory = rules.resources(server(disk_free=5119, engine_disk=engine_disk(5119), memory=899), "/opt/x", 5120, 900)
    assert disk.startswith("Disk: expected at least 5120 MiB free for /opt/x, got 5119 MiB.") and "stack_min_disk" in disk
    assert memory.startswith("Memory: expected at least 900 MiB, got 899 MiB.") and "stack_min_memory" in memory


def test_the_engines_own_disk_counts() -> None:
    (engine,) = rules.resources(server(disk_free=5120, engine_disk=engine_disk(5119)), "/opt/x", 5120, 900)
    assert engine.startswith("Disk: expected at least 5120 MiB free for /var/lib/docker, got 5119 MiB.")
    both = rules.resources(server(disk_free=1, engine_disk=engine_disk(2)), "/opt/x", 5120, 900)
    assert [problem.split()[8] for problem in both] == ["/var/lib/docker,", "/opt/x,"]


OURS = {"container": "nginx_container", "project": "ours"}
THEIRS = {"container": "web-1", "project": "theirs"}
NOBODYS = {"container": "web", "project": ""}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, []),
        ({"published": {"80": OURS}}, []),
        # What docker-proxy listens on for our own container is ours as well.
        ({"published": {"80": OURS}, "listeners": {"80": "docker-proxy (pid 7)"}}, []),
        ({"listeners": {"8080": "apache2 (pid 7)"}}, []),
        ({"listeners": {"443": "apache2 (pid 7)"}}, ["Port 443: expected it free, got apache2 (pid 7) listening on it."]),
        (
            {"published": {"80": THEIRS}, "listeners": {"80": "docker-proxy (pid 7)"}},
            ["Port 80: expected it free or ours, got container web-1 of Compose project theirs."],
        ),
        ({"published": {"80": NOBODYS}}, ["Port 80: expected it free or ours, got container web of Compose project (none)."]),
        (
            {"published": {"80": THEIRS}, "listeners": {"443": "caddy (pid 9)"}},
            ["Port 80: expected it free or ours, got container web-1", "Port 443: expected it free, got caddy (pid 9)"],
        ),
    ],
)
def test_ports(facts: dict[str, Any], expected: list[str]) -> None:
    problems = rules.ports(server(**facts), [80, 443], "ours")
    assert len(problems) == len(expected)
    for problem, beginning in zip(problems, expected, strict=True):
        assert problem.startswith(beginning)


@pytest.mark.parametrize("deployed, version", [(False, ""), (False, "26.1"), (True, "26.1")])
@pytest.mark.parametrize(("volumes", "package"), [([], "docker-ce"), (["theirs_db_data"], "docker-ce"), (["ours_db_data"], "")])
def test_an_engine_that_answers_or_is_not_needed_yet(deployed: bool, version: str, volumes: list[str], package: str) -> None:
    facts = {"deployed": deployed, "engine": {"version": version, "package": package}, "volumes": volumes}
    assert rules.engine(facts, "/opt/x", "ours") == []


def test_an_engine_that_was_stopped_has_data_to_show() -> None:
    """Else passwords would be generated for volumes that nobody saw."""
    facts = {"deployed": False, "engine": {"version": "", "package": "docker.io"}, "volumes": ["ours_db_data"]}
    (problem,) = rules.engine(facts, "/opt/x", "ours")
    assert problem.startswith("Docker: expected the engine to answer, since volume ours_db_data holds data that must be sealed")


def test_a_deployed_server_whose_engine_does_not_answer_cannot_be_sealed() -> None:
    (problem,) = rules.engine({"deployed": True, "engine": {"version": ""}, "volumes": []}, "/opt/x", "ours")
    assert problem.startswith("Docker: expected the engine to answer, since /opt/x holds a release that must be sealed")


WITH_DATA = App(name="a", containers=(), volumes=("db_data", "images"))


@pytest.mark.parametrize("existing", [[], ["ours_db_data"], ["ours_db_data", "portainer_data"], ["db_data"], ["theirs_mydb_data"]])
def test_volumes_that_are_ours_or_nothing_to_us(existing: list[str]) -> None:
    assert rules.volumes(existing, [WITH_DATA], "ours") == []


def test_volumes_of_another_project_are_one_problem() -> None:
    existing = ["ours_db_data", "theirs_images", "theirs_db_data"]
    (problem,) = rules.volumes(existing, [WITH_DATA], "ours")
    assert problem.startswith("Volumes: expected names that begin with ours_, got theirs_db_data, theirs_images. ")
    assert "stack_project" in problem and "stack_allow_foreign_volumes" in problem


def test_a_volume_without_a_prefix_is_nobody_elses() -> None:
    other = App(name="blog", containers=(), volumes=("blog_db_data", "pictures"), unprefixed_volumes=("blog_db_data",))
    assert rules.volumes(["ours_db_data", "blog_db_data"], [WITH_DATA, other], "ours") == []
    assert "got x_pictures." in rules.volumes(["x_blog_db_data", "x_pictures"], [other], "ours")[0]


@pytest.mark.parametrize("content", ["", " \n", "{}", '{"log-driver": "journald"}'])
def test_daemon_config_that_can_be_merged(content: str) -> None:
    assert rules.daemon_config(content) == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [("{", "got a file that does not parse (Expecting property name"), ("[]", "expected a JSON object, got another value")],
)
def test_daemon_config_that_cannot_be_merged(content: str, expected: str) -> None:
    (problem,) = rules.daemon_config(content)
    assert problem.startswith("/etc/docker/daemon.json: ") and expected in problem


@pytest.mark.parametrize("value", ["", "exactlytwelv", "AZaz09._~!@%^*()+=:,/?-", 'it\'s "odd"; $ # \\ & | < ` ё'])
def test_secrets_that_may_be_used(value: str) -> None:
    assert rules.secrets([Secret(name="chat_db_password", value=value)]) == []


@pytest.mark.parametrize("character", ["\n", "\r", "\t", "\0", "\x7f", "\x85", "\u2028"])
def test_secrets_with_characters_that_get_lost(character: str) -> None:
    value = f"longenough{character}longenough"
    (problem,) = rules.secrets([Secret(name="chat_db_password", value=value)])
    assert problem.startswith("chat_db_password: expected one line without control characters") and value not in problem


def test_short_secrets() -> None:
    problems = rules.secrets([Secret(name="short", value="elevenchars"), Secret(name="key", value="a" * 31, min_length=32)])
    assert [problem.split(". ")[0] for problem in problems] == [
        "short: expected at least 12 characters, got 11",
        "key: expected at least 32 characters, got 31",
    ]


def test_a_published_secret_is_known_by_its_hash_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    value = "made-up"
    monkeypatch.setattr(published_secrets, "PUBLISHED_SECRETS", frozenset({hashlib.sha256(value.encode()).hexdigest()}))
    (problem,) = rules.secrets([Secret(name="chat_db_password", value=value), Secret(name="other", value=value + "-and-more")])
    assert problem.startswith("chat_db_password: its value was printed in the public deployment guide") and value not in problem


def test_burned_holds_five_hashes() -> None:
    assert len(published_secrets.PUBLISHED_SECRETS) == 5
    assert all(len(digest) == 64 and set(digest) <= set("0123456789abcdef") for digest in published_secrets.PUBLISHED_SECRETS)


@pytest.mark.parametrize("name", ["example.org", "a.b", "xn--e1afmkfd.xn--p1ai", "a-b.c-d.example", f"{'a' * 63}.org"])
def test_host_names(name: str) -> None:
    assert rules.server_names([replace(CHAT, server_names=(name,))]) == []


@pytest.mark.parametrize(
    "name",
    ["", "localhost", "*.example.org", "-a.org", "a-.org", "a..org", "a.org.", "a_b.org", "A.org", "https://a.org", "a.org; x",
     "10.0.0.1", f"{'a' * 64}.org", ".".join(["a" * 49] * 6), "a.org\n"],
)  # fmt: skip
def test_what_is_no_host_name(name: str) -> None:
    assert rules.server_names([replace(CHAT, server_names=(name,))]) == [
        f"chat_server_names: expected host names such as www.example.org, got {name!r}."
    ]


def test_a_site_without_names() -> None:
    assert rules.server_names([replace(CHAT, server_names=())]) == ["chat_server_names: expected at least one host name, got none."]


def test_a_name_belongs_to_one_site() -> None:
    assert rules.server_names([SHOP, CHAT]) == []
    assert rules.server_names([SHOP, replace(CHAT, server_names=("chat.example.org", "example.org"))]) == [
        "Server name example.org: expected it in one site, got it in shop_server_names and chat_server_names. Take it out of all but one."
    ]


def test_an_app_in_the_site_of_another_one() -> None:
    shop = replace(SHOP, certificate="example.org")
    guest = replace(CHAT, server_names=("example.org",), certificate="example.org", site_of="shop")
    assert rules.server_names([shop, guest]) == []
    assert rules.server_names([shop, replace(guest, site_of="shopp")]) == [
        "chat_app.site_of: expected an app with a site of its own (shop), got shopp. Name one of stack_apps."
    ]
    assert rules.server_names([replace(shop, site_of="chat"), guest]) == [
        "shop_app.site_of: expected an app with a site of its own (none), got chat. Name one of stack_apps.",
        "chat_app.site_of: expected an app with a site of its own (none), got shop. Name one of stack_apps.",
    ]
    assert rules.server_names([shop, replace(guest, server_names=("example.org", "chat.example.org"), certificate="chat")]) == [
        "chat_server_names: expected host names of Shop, in whose site it is (www.example.org, example.org), got chat.example.org. "
        'Write "{{ shop_server_names }}".',
        'chat_certificate: expected the one of Shop, in whose site it is (example.org), got chat. Write "{{ shop_certificate }}".',
    ]


@pytest.mark.parametrize(
    ("options", "given"),
    [
        ({"a": "x", "b": ""}, None),
        ({}, None),
        ({"a": "", "b": ""}, "none"),
        ({"a": "x", "b": "y"}, "a and b"),
    ],
)
def test_choices(options: dict[str, str], given: str | None) -> None:
    expected = [f"Chat: expected exactly one of a, b, got {given}. Set one of them in the inventory."] if given else []
    assert rules.choices([SHOP, replace(CHAT, one_of=options)]) == expected


def test_names_that_lead_elsewhere() -> None:
    facts = server(addresses=["192.0.2.1", "2001:db8::1"], names={"a.org": ["192.0.2.1"], "b.org": ["192.0.2.9"], "c.org": []})
    assert rules.resolution(facts, ["https://a.org/"]) == [], "it is refused as no host name"
    assert [warning.split(",")[0] for warning in rules.resolution(facts, ["a.org", "b.org", "c.org", "d.org"])] == [
        "b.org resolves to 192.0.2.9",
        "c.org resolves to nothing",
        "d.org resolves to nothing",
    ]


def test_scripts_of_windows_are_worth_a_warning() -> None:
    assert rules.windows_scripts("x.zip", ()) == []
    (warning,) = rules.windows_scripts("x.zip", ("entrypoint.sh", "tool"))
    assert warning.startswith("x.zip: expected scripts with line ends of Unix, got those of Windows (CRLF) in entrypoint.sh, tool. ")
    (warning,) = rules.windows_scripts("x.zip", tuple("abcdefg"))
    assert "in a, b, c, d, e and 2 more. " in warning
