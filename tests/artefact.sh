#!/usr/bin/env bash
# Build the artefact that users install, from a clean clone, so that no stray file gets in. Usage: tests/artefact.sh DIRECTORY
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PWD/.venv/bin:$PATH
rm -rf "$1"
mkdir -p "$1"
git clone --quiet . "$1/clone"
ansible-galaxy collection build --output-path "$1" "$1/clone"
