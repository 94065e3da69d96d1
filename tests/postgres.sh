#!/usr/bin/env bash
# Dumps, proofs and restores with a real PostgreSQL in a container.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PWD/.venv/bin:$PATH
exec python -m pytest -q --junit-xml=build/test/postgres.xml tests/integration/postgres
