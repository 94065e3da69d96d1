"""Somebody with a browser, on the authority's machine: a real Chromium that trusts one CA and nothing else of ours."""

from __future__ import annotations

import re
import shlex
import subprocess
from dataclasses import dataclass

from authority import HOST, SSH_CONFIG

# The browser finds the certificates its user trusts below his home directory. Here each visit is another user's.
SCRIPT = """
HOME=$(mktemp -d)
export HOME
trap 'rm -rf "$HOME"' EXIT
mkdir -p "$HOME/.pki/nssdb"
certutil -N -d "$HOME/.pki/nssdb" --empty-password
cat > "$HOME/root.pem"
certutil -A -d "$HOME/.pki/nssdb" -n root -t C,, -i "$HOME/root.pem"
timeout 60 chromium-headless-shell --no-sandbox --user-data-dir="$HOME/profile" --dump-dom "$1"
"""
ERROR = re.compile(r"Page load failed: net::(\w+)")


@dataclass(frozen=True)
class Page:
    """What came of a visit: either the page or the browser's error, such as ERR_CERT_AUTHORITY_INVALID; the other is empty."""

    dom: str
    error: str


def open_page(url: str, root: str) -> Page:
    """Open a page in a fresh browser that trusts this root certificate (PEM)."""
    ssh = ["ssh", "-F", str(SSH_CONFIG), HOST, shlex.join(["sh", "-ec", SCRIPT, "browser", url])]
    done = subprocess.run(ssh, input=root, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return Page(done.stdout, "")
    failed = ERROR.search(done.stderr)
    assert failed, f"the browser ended with exit code {done.returncode}\n{done.stdout}{done.stderr}"
    return Page("", failed[1])
