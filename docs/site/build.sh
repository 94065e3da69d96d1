#!/usr/bin/env bash
# Build the documentation site: modules and plugins by antsibull-docs, roles, and all pages of both languages.
# Usage: docs/site/build.sh        the site is build/site/html/index.html
set -euo pipefail
cd "$(dirname "$0")/../.."
PATH=$PWD/.venv/bin:$PATH
source=$PWD/build/site/source
rm -rf build/site
mkdir -p "$source/collections"
# antsibull-docs writes where nobody else does.
chmod og-w "$source/collections"
ANSIBLE_COLLECTIONS_PATH=$PWD/collections antsibull-docs collection --use-current --cleanup everything --fail-on-error --squash-hierarchy \
    --dest-dir "$source/collections" rarebooks.platform
git ls-files '*.md' ':!:docs/site' ':!:tests' ':!:molecule' ':!:demo' | xargs cp --parents --target-directory "$source"
cp docs/site/index.rst docs/site/conf.py "$source"
cp -r docs/site/static "$source"
{
    printf '# Roles\n\n```{toctree}\n:maxdepth: 1\n\n'
    git ls-files 'roles/*/README.md' | sed 's/\.md$//'
    printf '```\n'
} > "$source/roles.md"
sphinx-build -q -W --keep-going -j auto -b html "$source" build/site/html
