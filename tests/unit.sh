#!/usr/bin/env bash
# Everything that needs neither Docker nor a server.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=${VENV:-$PWD/.venv}/bin:$PATH
exec python -m pytest -q --junit-xml=build/test/unit.xml
