#!/usr/bin/env bash
# Every scenario, each on a disposable server of its own, reached over SSH; two at a time, since one alone mostly waits.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PWD/.venv/bin:$PATH
export MOLECULE_GLOB='molecule/*/molecule.yml'
logs=build/test/molecule
mkdir -p "$logs"

# What two would otherwise make at once.
python -m demo.registry up

one() {
    local name=$1 started=$SECONDS code=0
    molecule test --scenario-name "$name" --destroy=always > "$logs/$name.log" 2>&1 || code=$?
    # Whole, when it is over: two at once could not be read.
    printf -- '---- scenario %s\n%s\n---- scenario %s: exit code %d after %d s\n' \
        "$name" "$(cat "$logs/$name.log")" "$name" "$code" $((SECONDS - started))
    return "$code"
}
export -f one
export logs

# The longest first, so that none of them is left alone at the end.
scenarios=(interrupt rollback faults letsencrypt)
for file in molecule/*/molecule.yml; do
    name=$(basename "$(dirname "$file")")
    [[ " ${scenarios[*]} " = *" $name "* ]] || scenarios+=("$name")
done
printf '%s\n' "${scenarios[@]}" | xargs --max-procs=2 --replace bash -c 'one {}'
