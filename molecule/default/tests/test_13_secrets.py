"""Secrets are root's alone, and in no log."""

import json

from contract import DIRECTORY

# Runs on the server; prints where it found a secret, never which.
SEARCH = """
import json, subprocess, sys
from pathlib import Path

secrets = [value.encode() for value in json.loads(Path(sys.argv[1], ".secrets.json").read_text()).values()]
listed = "find /opt /etc /var/www /var/log /usr/local /tmp /home -type f -perm /044 -print0"
containers = "find /var/lib/docker/containers -name '*-json.log' -print0"
paths = b"".join(subprocess.check_output(command, shell=True) for command in (listed, containers)).split(b"\\0")
texts = {path.decode(): Path(path.decode()).read_bytes() for path in paths if path}
texts["the journal"] = subprocess.check_output(["journalctl", "--output=cat", "--all"])
print(json.dumps({"searched": len(texts), "found": [at for at, text in texts.items() if any(one in text for one in secrets)]}))
"""


def test_secrets_and_environments_are_private(host):
    listing = host.check_output(f"stat -c '%a %U:%G %n' {DIRECTORY}/.secrets.json {DIRECTORY}/env/* {DIRECTORY}/ca/ca.key")
    files = dict(reversed(line.rsplit(" ", 1)) for line in listing.splitlines())
    assert len(files) == 7
    assert set(files.values()) == {"600 root:root"}, files


def test_keys_of_certificates_are_private(host):
    keys = host.check_output("find /etc/letsencrypt -name 'privkey*.pem' -type f -exec stat -c '%a %U' {} +").splitlines()
    assert len(keys) == 2
    assert set(keys) == {"600 root"}


def test_no_secret_in_a_readable_file_or_a_log(host):
    result = json.loads(host.check_output("python3 -c %s %s", SEARCH, DIRECTORY))
    assert result["searched"] > 100
    assert result["found"] == []
