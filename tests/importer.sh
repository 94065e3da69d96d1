#!/usr/bin/env bash
# What Galaxy checks of an artefact before it takes it, and what ansible-builder reads in it. Linted and sane it is found elsewhere.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PWD/.venv/bin:$PATH
work=$PWD/build/importer
tests/artefact.sh "$work"
cat > "$work/settings.cfg" << 'SETTINGS'
[galaxy-importer]
RUN_ANSIBLE_TEST = False
RUN_ANSIBLE_LINT = False
CHECK_CHANGELOG = True
CHECK_REQUIRED_TAGS = True
SETTINGS
artefact=("$work"/rarebooks-platform-*.tar.gz)
# It leaves its result where it is run.
cd "$work"
GALAXY_IMPORTER_CONFIG=$work/settings.cfg python -m galaxy_importer.main "${artefact[0]}" > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
if grep -E '^(WARNING|ERROR)' "$work/log"; then exit 1; fi

mkdir -p "$work/ansible_collections/rarebooks/platform"
tar -xzf "${artefact[0]}" -C "$work/ansible_collections/rarebooks/platform"
read=$(ansible-builder introspect "$work")
grep -q 'openssh-client ' <<< "$read" || { echo "ansible-builder introspect: expected openssh-client among what the system needs, got: $read"; exit 1; }
