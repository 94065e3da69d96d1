#!/usr/bin/env bash
# Prepare this checkout: Debian packages, .venv with pinned Python packages, the Ansible collections beside our own.
# Usage: demo/setup.sh [dev]        dev adds what the tests and linters need. Does nothing when nothing changed.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:-demo}
requirements=(requirements.txt)
[ "$kind" != dev ] || requirements+=(requirements-dev.txt)

fail() { echo "ERROR: $*" >&2; exit 1; }

# The distribution's own first: it is faster than what pyenv compiles (a fifth, where it was measured).
find_python() {
    for candidate in /usr/bin/python3 python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
            echo "$candidate"
            return
        fi
    done
}

# --- Debian packages -------------------------------------------------------------------------------------------------
missing=()
[ -n "$(find_python)" ] || python3 -c 'import ensurepip, venv' 2> /dev/null || missing+=(python3 python3-venv)
command -v ssh > /dev/null || missing+=(openssh-client)
command -v curl > /dev/null || missing+=(curl)
[ -e /etc/ssl/certs/ca-certificates.crt ] || missing+=(ca-certificates)
[ "$kind" != dev ] || command -v git > /dev/null || missing+=(git)
[ "$kind" != dev ] || command -v openssl > /dev/null || missing+=(openssl)
if [ "${#missing[@]}" -gt 0 ]; then
    [ "$(id -u)" = 0 ] || fail "missing on this machine: ${missing[*]}. As root: apt-get install ${missing[*]}"
    echo "Installing ${missing[*]} ..."
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" > /dev/null
fi

# --- Python ----------------------------------------------------------------------------------------------------------
python=$(find_python)
[ -n "$python" ] || fail "Python 3.11 or newer is needed, $(python3 --version 2>&1) is here. Install one, e.g. python3.12-venv."

wanted=$({ "$python" --version; cat "${requirements[@]}"; } | sha256sum)
stamp=.venv/.rarebooks-$kind
if [ "$(cat "$stamp" 2> /dev/null)" != "$wanted" ]; then
    echo "Installing Python packages into .venv (the first time takes about a minute) ..."
    [ "$(.venv/bin/python --version 2> /dev/null)" = "$("$python" --version)" ] || "$python" -m venv --clear .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement "${requirements[-1]}"
    rm -f .venv/.rarebooks-*
    echo "$wanted" > "$stamp"
fi

# --- Ansible collections ---------------------------------------------------------------------------------------------
wanted=$(sha256sum < requirements.yml)
stamp=collections/.rarebooks
if [ "$(cat "$stamp" 2> /dev/null)" != "$wanted" ]; then
    echo "Installing the Ansible collections ..."
    if ! .venv/bin/ansible-galaxy collection install -r requirements.yml -p collections --timeout 20 > /dev/null 2>&1; then
        echo "Galaxy does not answer: taking the collections out of the Python package ansible (54 MB) ..."
        scratch=$(mktemp -d)
        trap 'rm -rf "$scratch"' EXIT
        .venv/bin/python -m pip download --quiet --disable-pip-version-check --no-deps --dest "$scratch" 'ansible>=12,<13'
        .venv/bin/python - "$scratch"/ansible-*.whl collections << 'PYTHON'
import sys
import zipfile

WANTED = ("community/crypto/", "community/docker/", "community/library_inventory_filtering_v1/")
with zipfile.ZipFile(sys.argv[1]) as wheel:
    wheel.extractall(
        sys.argv[2],
        [name for name in wheel.namelist() if name.removeprefix("ansible_collections/").startswith(WANTED)],
    )
PYTHON
    fi
    echo "$wanted" > "$stamp"
fi
echo "Ready: .venv and collections."
