#!/usr/bin/env bash
# Refuse a branch that changes what users get and does not say so in changelogs/fragments.
# Usage: tests/changelog.sh origin/main
set -euo pipefail
base=${1:?Usage: tests/changelog.sh origin/main}

changed=$(git diff --name-only "$base...HEAD" -- plugins roles playbooks meta)
[ -n "$changed" ] || exit 0
[ -z "$(git diff --name-only --diff-filter=AM "$base...HEAD" -- changelogs/fragments changelogs/changelog.yaml)" ] || exit 0
trailers=$(git log --format='%(trailers:key=Changelog,valueonly)' "$base..HEAD")
! grep -qx none <<< "$trailers" || exit 0

echo "ERROR: expected a fragment in changelogs/fragments for what changed since $base, got none:" >&2
sed 's/^/  /' <<< "$changed" >&2
echo "Write one (CONTRIBUTING.md, Changelog). Where no user can notice, end a commit's message with the line: Changelog: none" >&2
exit 1
