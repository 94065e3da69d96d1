#!/usr/bin/env bash
# Run the tests: every part, or the ones named. The last line says how many tests passed and failed.
# Usage: tests/run.sh [lint|unit|sanity|postgres|molecule]...
set -uo pipefail
cd "$(dirname "$0")/.."
exec < /dev/null
export ANSIBLE_FORCE_COLOR=0 NO_COLOR=1 PY_COLORS=0
results=build/test
rm -rf "$results"
mkdir -p "$results"
failed=()

stage() {
    local name=$1 started=$SECONDS verdict=passed
    shift
    printf '\n==== %s\n' "$name"
    # In a process of its own: here a failure must not end the run, there it must end the stage.
    if ! "$@"; then
        verdict=FAILED
        failed+=("$name")
    fi
    printf '==== %s: %s after %d s\n' "$name" "$verdict" $((SECONDS - started))
    [ "$verdict" = passed ]
}

# Only what this run made: an engine that ran before goes on running, and so does a demo.
engine_before=$([ -e build/dockerd.pid ] && echo yes)
used_engine=
clean_up() {
    if [ -n "$used_engine" ]; then
        used_engine=
        for server in $(sed -n 's/^ *rarebooks-\([a-z-]*\):$/\1/p' molecule/*/hosts.yml); do
            .venv/bin/python -m demo.server down "$server"
        done
        .venv/bin/python -m demo.registry down
        [ -n "$engine_before" ] || demo/engine.sh stop
    fi
}
trap clean_up EXIT
trap 'exit 130' INT TERM

finish() {
    clean_up
    python3 tests/closing_line.py "$results" "${failed[@]}"
    exit
}

[ "$#" -gt 0 ] || set -- lint unit sanity postgres molecule
stage setup demo/setup.sh dev || finish
for part; do
    if [ -z "$used_engine" ] && [[ $part = postgres || $part = molecule ]]; then
        used_engine=yes
        { stage engine demo/engine.sh start && stage images .venv/bin/python -m demo.build_images; } || finish
    fi
    stage "$part" "tests/$part.sh"
done
finish
