#!/usr/bin/env bash
# Dumps, proofs and restores with a real PostgreSQL in a container, and a hand-written nginx beside that of a release.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PWD/.venv/bin:$PATH
# Repositories of snapshots: without them their tests would be skipped.
if ! command -v restic > /dev/null || ! command -v rclone > /dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends restic rclone > /dev/null
fi
# lab.py lies beside the tests that import it.
exec python -m pytest -q --junit-xml=build/test/postgres.xml --import-mode=prepend tests/integration/postgres tests/integration/proxy tests/integration/offsite \
    tests/integration/continuous
