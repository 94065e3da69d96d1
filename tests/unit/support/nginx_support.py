"""Configurations of nginx for tests: what servers set up by hand have, and what a release of ours has."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_config import Configuration, parse_dump, parse_tree

ROOT = Path(__file__).parents[3]
DATA = Path(__file__).parents[1] / "data"
# What Compose says of the hand-written project's services.
SERVICES = {"backend": "rarebooks_backend", "frontend": "rarebooks_frontend"}
HTTP = """
http {
    map $http_upgrade $connection_upgrade { default upgrade; "" close; }
    log_format main '$remote_addr';
    server { listen 80 default_server; server_name _; location / { return 444; } }
    server { listen 443 ssl default_server; server_name _; ssl_reject_handshake on; return 444; }
    include /etc/nginx/sites/*.conf;
}
"""


def dump(*files: tuple[str, str]) -> str:
    """Return what `nginx -T` prints of files by path and text."""
    return "".join(f"# configuration file {path}:\n{text}\n" for path, text in files)


def by_hand(name: str) -> Configuration:
    """Return a configuration of tests/unit/data/nginx."""
    return parse_dump(dump(("/etc/nginx/nginx.conf", (DATA / "nginx" / name).read_text()), ("/etc/nginx/mime.types", "types { }")))


def http(text: str) -> Configuration:
    """Return a configuration with a text at http level."""
    return parse_dump(dump(("/etc/nginx/nginx.conf", f"events {{ }}\nhttp {{\n{text}\n}}")))


def release(**sites: str) -> Configuration:
    """Return the configuration of a release: with both apps as recorded, or with these sites by their names."""
    recorded = (DATA / "rendered/default/nginx/sites").glob("*.conf")
    texts = sites or {path.stem: path.read_text() for path in recorded}
    snippets = (ROOT / "roles/proxy/templates/tree/nginx/snippets").iterdir()
    return parse_tree(
        {
            "nginx/nginx.conf": HTTP,
            **{f"nginx/snippets/{path.name}": path.read_text() for path in snippets},
            **{f"nginx/sites/{name}.conf": text for name, text in texts.items()},
            "compose/proxy.yml": "not nginx's",
        }
    )
