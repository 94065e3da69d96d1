#!/usr/bin/env bash
# Run one scenario on disposable servers of its own, reached over SSH. Without a name: print the stages there are, the longest first.
# With --turn: print those that `make test` takes at this commit, or in turn NUMBER.
# Usage: tests/molecule.sh [SCENARIO | --turn [NUMBER]]
set -euo pipefail
cd "$(dirname "$0")/.."
# All together take two cores 110 minutes (measured), and CI ends a run after 90. So each commit has the default scenario and one of
# these halves, by the number of commits before it, and the next commit the other one; `make molecule` has all of them.
turns=(
    "operate interrupt letsencrypt adopt handmade default installed"
    "rollback offsite faults default living commands engine"
)

stages() { printf 'molecule-%s\n' "$@"; }

case ${1-} in
    '')
        # shellcheck disable=SC2086 # A name is a word.
        stages ${turns[*]} | awk '!seen[$0]++'
        exit
        ;;
    --turn)
        turn=$((${2:-$(git rev-list --count HEAD 2> /dev/null || echo 0)} % ${#turns[@]}))
        # shellcheck disable=SC2086
        stages ${turns[turn]}
        exit
        ;;
esac
PATH=$PWD/.venv/bin:$PATH
export MOLECULE_GLOB='molecule/*/molecule.yml'
exec molecule test --scenario-name "$1" --destroy=always
