#!/usr/bin/env bash
# Unit tests and ansible-test sanity under another ansible-core than the pinned one, in an environment of its own.
# Usage: tests/core.sh 2.21 [python3.13]
set -euo pipefail
cd "$(dirname "$0")/.."
core=${1:?Usage: tests/core.sh 2.21 [python3.13]}
python=${2:-python3}

# Made again when the interpreter, the version or a pin is another one.
environment=$PWD/build/core-$core
wanted=$({ "$python" --version; echo "$core"; cat requirements.txt requirements-dev.txt; } | sha256sum)
if [ "$(cat "$environment/.rarebooks" 2> /dev/null)" != "$wanted" ]; then
    rm -rf "$environment"
    "$python" -m venv "$environment"
    # Everything else stays pinned.
    sed '/^ansible-core==/d; /^-r /d' requirements.txt requirements-dev.txt > "$environment/requirements.txt"
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check \
        --requirement "$environment/requirements.txt" "ansible-core==$core.*" || {
        echo "ERROR: ansible-core $core: expected it to install under $("$python" --version). 2.20 and later need Python 3.12 or newer:" \
            "name one, as in: make core CORE=$core PYTHON=python3.13" >&2
        exit 1
    }
    echo "$wanted" > "$environment/.rarebooks"
fi

export VENV=$environment
"$VENV/bin/ansible" --version | head -1
tests/unit.sh
tests/sanity.sh
