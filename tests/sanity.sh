#!/usr/bin/env bash
# ansible-test sanity on the artefact that users install: all of it, or without what an option leaves out.
# Usage: tests/sanity.sh [--skip-test TEST]...
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=${VENV:-$PWD/.venv}/bin:$PATH
work=$PWD/build/sanity
tests/artefact.sh "$work"
target=$work/ansible_collections/rarebooks/platform
mkdir -p "$target"
tar -xzf "$work"/rarebooks-platform-*.tar.gz -C "$target"
# Else ansible-test asks the checkout around it, which ignores build/, and finds nothing to test.
git init --quiet "$target"
ln -s "$PWD/collections/ansible_collections/community" "$work/ansible_collections/community"

# ansible-test fetches get-pip from a server of its own, which not every machine may reach. This does the same with the
# pip that Python carries. A home of its own keeps it away from the user's; pip's settings are taken along.
home=$work/home
mkdir -p "$home/.config/pip" "$home/.ansible/test/cache"
{
    echo "[global]"
    echo "quiet = 1"
    pip config list | sed -n "s/^[^.]*\.\([a-z-]*\)='\(.*\)'$/\1 = \2/p" | awk -F ' = ' '!seen[$1]++'
} > "$home/.config/pip/pip.conf"
version=$(python -c 'import re, pathlib, ansible_test._internal.python_requirements as requirements
print(re.search(r"pip=.([0-9.]+).", pathlib.Path(requirements.__file__).read_text()).group(1).replace(".", "_"))')
cat > "$home/.ansible/test/cache/get_pip_$version.py" << 'PYTHON'
import subprocess
import sys

subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
options = [option for option in sys.argv[1:] if option not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.run([sys.executable, "-m", "pip", "install", *options]).returncode)
PYTHON

cd "$target"
HOME=$home ansible-test sanity --color no --python "$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')" "$@"
