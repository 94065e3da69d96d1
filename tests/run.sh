#!/usr/bin/env bash
# Run the tests: every part, or the ones named. The last line says how many tests passed and failed.
# Usage: [TEST_MINUTES=80] tests/run.sh [lint|unit|sanity|molecule|postgres]...
# Where minutes are given, stages that would not end by then are left out (fits.py), and named at the end.
set -uo pipefail
cd "$(dirname "$0")/.."
exec < /dev/null
export ANSIBLE_FORCE_COLOR=0 NO_COLOR=1 PY_COLORS=0 ENGINE_IN_MEMORY=yes
results=build/test
rm -rf "$results"
mkdir -p "$results"
touch "$results/began"

# Run stages, so many at once: a single one is seen as it goes on, of several each comes whole when it is over.
run() {
    local streams=$1
    shift
    case $# in
        0) ;;
        1) tests/stage.sh "$1" ;;
        *) printf '%s\n' "$@" | xargs --max-procs="$streams" --replace sh -c \
            'tests/stage.sh {} > build/test/{}.log 2>&1; code=$?; flock build/test cat build/test/{}.log; exit $code' ;;
    esac
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
    mapfile -t failed < <(cd "$results" && ls -rt -- *.failed 2> /dev/null)
    mapfile -t left < <(cd "$results" && ls -- *.left 2> /dev/null)
    [ "${#left[@]}" = 0 ] || echo "Left out, for want of time: ${left[*]%.left}"
    python3 tests/closing_line.py "$results" "${failed[@]%.failed}"
    exit
}

[ "$#" -gt 0 ] || set -- lint unit sanity postgres molecule
computing=()
servers=()
for part; do
    case $part in
        postgres) servers+=(postgres) ;;
        # The longest first, so that none of them is left alone at the end. Where time is short, each in its turn, commit by commit.
        molecule) mapfile -t -O "${#servers[@]}" servers < <(tests/molecule.sh) ;;
        *) computing+=("$part") ;;
    esac
done

run 1 setup || finish
if [ "${#servers[@]}" = 0 ]; then
    run "$(nproc)" "${computing[@]}"
else
    used_engine=yes
    # The engine and the images before everything that needs them. Servers wait now and then: one more stream than cores fills the gaps.
    run "$(nproc)" docker "${computing[@]:0:1}"
    [ -e "$results/docker.failed" ] || run $(($(nproc) + 1)) "${computing[@]:1}" "${servers[@]}"
fi
finish
