#!/usr/bin/env bash
# Everything that needs neither Docker nor a server, on each core; the tests of a file share what they prepare.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=${VENV:-$PWD/.venv}/bin:$PATH
exec python -m pytest -q --numprocesses=auto --dist=loadfile --junit-xml=build/test/unit.xml
