#!/usr/bin/env bash
# Every scenario, each on a disposable server of its own, reached over SSH.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PWD/.venv/bin:$PATH
export MOLECULE_GLOB='molecule/*/molecule.yml'
exec molecule test --all --destroy=always
