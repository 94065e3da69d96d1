"""A release that no deploy made is validated as its own Compose file mounts it, and measured by what there was of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import listing
from ansible_collections.rarebooks.platform.plugins.module_utils._backup.manifest import Manifest
from ansible_collections.rarebooks.platform.plugins.module_utils._base.state import fit
from ansible_collections.rarebooks.platform.plugins.module_utils._health.answer import HttpCheck
from ansible_collections.rarebooks.platform.plugins.module_utils._release.by_hand import ByHand, is_nginx, own_arguments
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App, Release
from ansible_collections.rarebooks.platform.plugins.module_utils._switch import target as switch_target
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.run import by_hand_validator
from ansible_collections.rarebooks.platform.plugins.module_utils._switch.server import Server
from ansible_collections.rarebooks.platform.plugins.module_utils._tree.desired import TreeError
from ansible_collections.rarebooks.platform.plugins.module_utils._tree.validate import Validators
from backup_support import PROJECT, Engine, sealed

DEPLOYED = fit(
    {
        "apps": [
            {
                "name": "shop",
                "title": "Shop",
                "containers": ["web", "web_db"],
                "certificate": "c",
                "server_names": ["a.example.org"],
                "probes": [{"url": "https://a.example.org/"}],
                "databases": [{"container": "web_db", "name": "d", "user": "u"}],
            },
            {"name": "chat", "title": "Chat", "containers": ["chat"], "probes": [], "databases": []},
        ],
        "proxy": {"containers": ["nginx_container"]},
        "network": "net",
        "ca_file": "/ca.pem",
    },
    Release,
)


class Docker:
    """The command line: it remembers what it was asked, and answers as it is told."""

    def __init__(self, config: dict[str, Any], nginx: tuple[int, str] = (0, "")) -> None:
        self.config = config
        self.nginx = nginx
        self.asked: list[list[str]] = []

    def __call__(self, argv: list[str], **_options: Any) -> tuple[int, str, str]:
        self.asked.append(argv)
        if argv[1] == "compose":
            return 0, json.dumps(self.config), ""
        return self.nginx[0], "", self.nginx[1]

    @property
    def client(self) -> Any:
        def named(*names: str) -> Any:
            return SimpleNamespace(list=lambda: [SimpleNamespace(name=name) for name in names])

        return SimpleNamespace(volumes=named("shop_logs"), networks=named("shop_inner", "bridge"))


def bind(source: Path | str, target: str, read_only: bool = True) -> dict[str, Any]:
    return {"type": "bind", "source": str(source), "target": target, "read_only": read_only}


@pytest.fixture
def server(tmp_path: Path) -> tuple[Path, Path]:
    """Return the live directory and a staged tree with another nginx.conf."""
    root, tree = tmp_path / "live", tmp_path / "staged"
    for directory in (root, tree):
        directory.mkdir()
        (directory / "nginx.conf").write_text(directory.name)
    (root / "webroot").mkdir()
    (tree / ".env").write_text("A=1\n")
    return root, tree


def project(root: Path, *volumes: dict[str, Any], **more: Any) -> dict[str, Any]:
    proxy = {
        "image": "nginx:alpine",
        "container_name": "nginx_container",
        "ports": [{"target": 80}],
        "volumes": list(volumes),
        "networks": {"inner": {"aliases": ["front"]}},
        **more,
    }
    return {
        "services": {"proxy": proxy, "backend": {"image": "shop:1", "container_name": "web", "networks": {"inner": None}}},
        "networks": {"inner": {"name": "shop_inner"}},
        "volumes": {"logs": {"name": "shop_logs"}, "gone": {"name": "shop_gone"}},
    }


def validate(server: tuple[Path, Path], docker: Docker, hidden: dict[str, str] | None = None) -> list[str]:
    root, tree = server
    ByHand(docker.client, docker, str(root), PROJECT, {"nginx_container": "sha256:then"}, hidden or {}).validate(str(tree))
    return docker.asked[-1]


def test_nginx_is_asked_in_its_own_image_mounts_and_network(server: tuple[Path, Path]) -> None:
    root, tree = server
    docker = Docker(
        project(
            root,
            bind(root / "nginx.conf", "/etc/nginx/nginx.conf"),
            bind(root / "webroot", "/var/www", False),
            bind("/etc", "/etc/letsencrypt"),
            {"type": "volume", "source": "logs", "target": "/var/log/nginx"},
            {"type": "volume", "source": "gone", "target": "/cache"},
        )
    )
    assert validate(server, docker) == [
        "docker",
        "run",
        "--rm",
        "--network=shop_inner",
        "--add-host=backend:127.0.0.1",
        "--add-host=front:127.0.0.1",
        "--add-host=nginx_container:127.0.0.1",
        "--add-host=proxy:127.0.0.1",
        "--add-host=web:127.0.0.1",
        # The file of then, from the staged tree; what is in no backup from where it is; and no volume is made by the way.
        f"--volume={tree}/nginx.conf:/etc/nginx/nginx.conf:ro",
        f"--volume={root}/webroot:/var/www",
        "--volume=/etc:/etc/letsencrypt:ro",
        "--volume=shop_logs:/var/log/nginx",
        "--entrypoint=nginx",
        "sha256:then",
        "-t",
        "-q",
    ]
    compose = docker.asked[0]
    assert compose[compose.index("--project-directory") + 1] == str(root)
    assert compose[compose.index("--file") + 1] == f"{tree}/docker-compose.yml"
    assert compose[compose.index("--env-file") + 1] == f"{tree}/.env"


def test_a_network_that_has_yet_to_be_made_again_is_no_reason_to_refuse(server: tuple[Path, Path]) -> None:
    docker = Docker(project(server[0]) | {"networks": {"inner": {"name": "removed"}}})
    assert "--network=none" in validate(server, docker)


def test_what_nginx_refuses_is_told_without_secrets(server: tuple[Path, Path]) -> None:
    with pytest.raises(TreeError, match=r'nginx of the service proxy accepts.*unknown directive "\*{8}".*not touched') as refusal:
        validate(server, Docker(project(server[0]), (1, 'unknown directive "hunter2"')), {"a": "hunter2"})
    assert "hunter2" not in str(refusal.value.facts)


def test_a_configuration_that_is_not_there_is_a_sentence_and_other_directories_are_made_by_docker(server: tuple[Path, Path]) -> None:
    root, _tree = server
    validate(server, Docker(project(root, bind(root / "cache", "/var/cache/nginx"))))
    with pytest.raises(TreeError, match=rf"it mounts {root}/conf\.d, which is not there"):
        validate(server, Docker(project(root, bind(root / "conf.d", "/etc/nginx/conf.d"))))


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ({"image": "nginx:1", "ports": [1]}, True),
        ({"image": "registry.example.org:5000/team/nginx-brotli:2", "ports": [1]}, True),
        ({"image": "front:1", "ports": [1], "volumes": [{"type": "bind", "source": "/x", "target": "/etc/nginx/conf.d"}]}, True),
        ({"image": "nginx:1"}, False),  # A static site of an app, in front of nobody.
        ({"image": "traefik:3", "ports": [1]}, False),
        ({"build": ".", "ports": [1]}, False),
    ],
)
def test_which_service_is_nginx(service: dict[str, Any], expected: bool) -> None:
    assert is_nginx(service) is expected


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ({}, []),
        ({"command": ["nginx", "-c", "/x.conf"]}, ["-c", "/x.conf"]),
        ({"command": ["sh", "-c", "nginx"]}, []),
        ({"entrypoint": ["/usr/sbin/nginx"], "command": ["-c", "/x.conf", "-g", "daemon off;"]}, ["-c", "/x.conf"]),
        ({"command": None}, []),
    ],
)
def test_a_configuration_of_another_name(service: dict[str, Any], expected: list[str]) -> None:
    assert own_arguments(service) == expected


def made_by_hand(root: Path) -> Manifest:
    """Seal a shop without a database, and no chat, as 0.3 did: with the description of the deploy that comes after it."""
    (root / "docker-compose.yml").write_text("services: {}\n")
    engine = Engine(str(root))
    engine.run("web", "web:1", "sha256:" + "1" * 64)
    engine.run("theirs", "theirs:1", "sha256:" + "2" * 64)
    identifier = sealed(root, engine).id
    manifest = listing.get(str(root), identifier).manifest
    assert manifest
    return replace(manifest, description=DEPLOYED)


def test_what_did_not_exist_is_not_waited_for_and_goes(tmp_path: Path) -> None:
    manifest = made_by_hand(tmp_path)
    found = listing.get(str(tmp_path), manifest.id)
    target = switch_target.from_backup(found, manifest, only_what_served=False)
    assert target.containers == ["theirs", "web"]
    assert (target.tls, target.probes, target.proxy, target.by_hand) == ([], [], [], True)
    assert {"chat", "web_db", "nginx_container"}.isdisjoint(target.every_container)
    assert manifest.summary()["network"] == "" and manifest.any_serving


def test_only_such_a_release_is_judged_by_itself(tmp_path: Path) -> None:
    manifest = made_by_hand(tmp_path)
    target = switch_target.from_backup(listing.get(str(tmp_path), manifest.id), manifest, only_what_served=False)
    server = Server(Engine(), lambda *_a, **_k: (0, "", ""), str(tmp_path), PROJECT, [], "", None, False, 0, {})
    assert by_hand_validator(server, target) is not None
    assert by_hand_validator(server, switch_target.from_inventory([], DEPLOYED)) is None


def test_check_mode_judges_too(tmp_path: Path) -> None:
    validated: list[str] = []
    validators = Validators(lambda *_a, **_k: (0, "", ""), str(tmp_path), [], {}, validated.append)
    validators.validate_copy([], lambda: str(tmp_path))
    validators.validate(str(tmp_path))
    assert len(validated) == 2 and validated[0].endswith("/tree") and validated[1] == str(tmp_path)


def test_probes_that_were_seen_to_hold_stay() -> None:
    found = DEPLOYED.as_found(["web"], probes=True)
    assert found.apps == (App(name="shop", title="Shop", containers=("web",), probes=(HttpCheck("https://a.example.org/"),)),)
