"""What both apps render to is recorded: a byte that differs restarts containers or reloads nginx on every server, at its next deploy.

Where that is meant, copy what the failure names over what is recorded.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _app_volumes
from rendering import play

ROOT = Path(__file__).resolve().parents[2]
RECORDED = Path(__file__).parent / "data/rendered"
APPS = ("maymessenger", "rarebooks")
FILES = ["nginx/nginx.conf", *(f"compose/{app}.yml" for app in ("proxy", *APPS)), *(f"nginx/sites/{app}.conf" for app in APPS)]
TASKS = """    - rarebooks.platform.config_tree:
        path: "{{{{ stack_path }}}}"
        roles: "{{{{ __stack_trees }}}}"
        secrets_file: {scratch}/secrets.json
    - ansible.builtin.copy:
        dest: {scratch}/volumes.json
        content: "{{{{ dict(__stack_apps | map(attribute='name') | zip(__stack_apps | map(attribute='volumes'))) | to_json }}}}"
        mode: "0600"
"""
SECRETS = [
    *(f"rarebooks_{name}" for name in ("books_db_password", "users_db_password", "jwt_key")),
    *(f"maymessenger_{name}" for name in ("db_password", "jwt_secret", "admin_phone", "admin_password", "invite_code")),
]
INVENTORIES = {
    "default": {"maymessenger_backend_source": "/src"},
    "other": {
        "maymessenger_backend_image": "messenger:1",
        "maymessenger_media": [{"volume": volume, "path": f"/{volume}", "location": f"/{volume}/"} for volume in ("voice", "film")],
        "maymessenger_backend_probe": ["sh", "-c", "echo $HOME é"],
        "maymessenger_backend_probe_timing": {"interval": "5", "retries": 2},
        "rarebooks_db_probe_timing": {"timeout": 3},
        "proxy_hsts_seconds": "31536000",
        "proxy_https_port": "8443",
        "proxy_image": "registry.example.org:5000/nginx:1.24.0-alpine",
        "rarebooks_setup_networks": ["192.0.2.7", "2001:db8::/32"],
        "network_name": "shared",
        "stack_confined": "false",
        "__stack_server": {"engine": {"version": "24.0.7"}},
    },
    # What the owner's system has grown since the guide.
    "grown": {
        "maymessenger_backend_source": "/src",
        "maymessenger_backend_dest": "_may_messenger_backend",
        "maymessenger_media": [
            *(
                {"volume": f"maymessenger_{name}", "path": f"/app/wwwroot/{name}", "location": f"/{name}/", "expires": "1d"}
                for name in ("audio", "images", "avatars", "files")
            ),
            {
                "volume": "maymessenger_videos",
                "path": "/app/wwwroot/videos",
                "location": "/videos/",
                "expires": "1d",
                "body_size": "100M",
            },
            {"volume": "maymessenger_firebase", "path": "/app/firebase_config"},
        ],
        "rarebooks_backend_kept_files": ["/app/appsettings.json"],
        "maymessenger_redirects": {"/uploads/audio/": "/audio/"},
        "maymessenger_rewrites": {"/messenger/setup/": "/api/messenger/setup/"},
        "maymessenger_hub_timeout": "7d",
        "maymessenger_web_client_image": "maymessenger_web_client:1",
        "maymessenger_backend_probe": ["curl", "--fail", "http://127.0.0.1:5000/health/ready"],
        "maymessenger_backend_probe_timing": {"interval": 15, "timeout": 5, "retries": 5, "start_period": 120},
        "rarebooks_jwt_issuer": "https://rare-books.ru",
        "rarebooks_jwt_audience": "https://rare-books-app.ru",
        "rarebooks_health_path": "/api/test/health",
        "proxy_gzip": "true",
        "proxy_body_size": "50m",
    },
}


@pytest.mark.parametrize("name", INVENTORIES)
def test_what_servers_get_is_what_is_recorded(name: str, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tmp_path / "secrets.json").write_text(json.dumps(dict.fromkeys(SECRETS, "x" * 32)))
    inventory = {
        "stack_apps": ["rarebooks", "maymessenger"],
        "stack_path": str(tree),
        "__stack_server": {"engine": {"version": "26.1"}},
        "__stack_preconditions": {"sources": {"maymessenger": "0123456789abcdef"}},
        **INVENTORIES[name],
    }
    play(tmp_path, TASKS.format(scratch=tmp_path), inventory)
    for file in FILES:
        assert (tree / file).read_text() == (RECORDED / name / file).read_text(), f"{tree / file} is not {RECORDED / name / file}"
    for app, volumes in json.loads((tmp_path / "volumes.json").read_text()).items():
        path = f"compose/{app}.yml"
        assert _app_volumes.fault(f"{app}_app", volumes, {path: (tree / path).read_text()}) == ""
