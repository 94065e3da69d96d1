#!/usr/bin/env bash
# Run one scenario on disposable servers of its own, reached over SSH. Without a name: print the stages there are, the longest first, or
# beginning with another one at each commit where TEST_MINUTES may let the last ones be left out (stage.sh).
# Usage: tests/molecule.sh [SCENARIO]
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "$#" = 0 ]; then
    longest=(rollback offsite faults default interrupt operate letsencrypt living adopt handmade commands installed engine)
    first=0
    [ -z "${TEST_MINUTES:-}" ] || first=$(($(git rev-list --count HEAD 2> /dev/null || echo 0) % ${#longest[@]}))
    {
        printf '%s\n' "${longest[@]:first}" "${longest[@]:0:first}"
        dirname molecule/*/molecule.yml | xargs basename --multiple
    } | awk '!seen[$0]++ { print "molecule-" $0 }'
    exit
fi
PATH=$PWD/.venv/bin:$PATH
export MOLECULE_GLOB='molecule/*/molecule.yml' ANSIBLE_CALLBACK_PLUGINS=$PWD/molecule/resources/callback
exec molecule test --scenario-name "$1" --destroy=always
