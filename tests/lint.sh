#!/usr/bin/env bash
# Every linter; all of them run, so that one run shows all there is to mend.
set -uo pipefail
cd "$(dirname "$0")/.."
PATH=$PWD/.venv/bin:$PATH
status=0

check() {
    echo "-- $*"
    "$@" || status=1
}

check ruff check
check ruff format --check
# By the name under which its parts import each other.
check mypy collections/ansible_collections/rarebooks/platform/plugins
check mypy -m demo.build_images -m demo.controller -m demo.registry -m demo.report -m demo.server
# What tests share, each with the folders that pytest gives it to import from.
MYPYPATH=tests/unit/support check mypy tests/*.py tests/bench tests/unit/support tests/integration
MYPYPATH=molecule/resources/tests check mypy molecule/resources/tests
check yamllint --strict .
check ansible-lint
check antsibull-docs lint-collection-docs --plugin-docs --skip-rstcheck .
check antsibull-changelog lint
check tests/importer.sh
check docs/site/build.sh
exit "$status"
