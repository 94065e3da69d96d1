#!/usr/bin/env bash
# Run one stage of the tests, say how it ended, and remember one that failed.
# Usage: tests/stage.sh setup|docker|lint|unit|sanity|postgres|molecule-SCENARIO
set -uo pipefail
cd "$(dirname "$0")/.."
name=$1 started=$SECONDS verdict=passed
case $name in
    setup) command=(demo/setup.sh dev) ;;
    # Without what lint asks of more files than these, and scenarios of servers that have none of the libraries; whole in core.sh.
    sanity) command=(tests/sanity.sh --skip-test ansible-doc --skip-test changelog --skip-test import --skip-test pep8 --skip-test pylint) ;;
    molecule-*) command=(tests/molecule.sh "${name#molecule-}") ;;
    *) command=("tests/$name.sh") ;;
esac

printf '\n==== %s\n' "$name"
if [ -n "${TEST_MINUTES:-}" ] && [[ $name != @(setup|docker|lint) ]]; then
    python3 tests/fits.py build/test "$name"
    if [ $? = 3 ]; then
        touch "build/test/$name.left"
        echo "==== $name: left out, since it would not end within $TEST_MINUTES minutes of the beginning"
        exit
    fi
fi
if ! "${command[@]}"; then
    verdict=FAILED
    touch "build/test/$name.failed"
fi
echo $((SECONDS - started)) > "build/test/$name.seconds"
printf '==== %s: %s after %d s\n' "$name" "$verdict" $((SECONDS - started))
[ "$verdict" = passed ]
