"""Deploys that were killed: the next one completes what they began, and nothing has to be unlocked by hand."""

from __future__ import annotations

import server
from operators import Deployer

TREE = "/opt/rarebooks"
# A deploy had staged and committed its tree, and died before it renamed nginx.conf into place and reloaded the proxy.
INTERRUPT = f"""
cd {TREE}
mkdir -m 700 .config_tree.staged
mkdir -p .config_tree.staged/tree/nginx
cp -p nginx/nginx.conf .config_tree.staged/tree/nginx/
cp -p .config_tree.json .config_tree.staged/manifest.json
echo '{{"nginx/nginx.conf": "updated"}}' > .config_tree.staged/journal.json
echo '# as it was before that deploy' >> nginx/nginx.conf
rm .proxy_loaded.json
"""


def test_the_next_deploy_completes_it(deploying: Deployer) -> None:
    before = server.state()
    server.shell(INTERRUPT)
    done = deploying({})
    assert done.code == 0
    # The tree is sealed and completed, the proxy reads it, and nothing else happens.
    assert done.recap()["changed"] == 2
    assert "Files changed: nginx/nginx.conf" in done.output
    assert "Containers started or replaced: none" in done.output
    assert "Proxy: configuration reloaded" in done.output
    after = server.state()
    touched = [f"{TREE}/.config_tree.json", f"{TREE}/.proxy_loaded.json", f"{TREE}/nginx/nginx.conf"]
    changed = [name for name in server.difference(before, after) if "backup" not in name]
    assert changed == touched
    # Written anew, with the old content.
    assert [path for path in touched if before[path][-1] != after[path][-1]] == []
