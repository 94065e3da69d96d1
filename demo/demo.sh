#!/usr/bin/env bash
# From a fresh machine to both apps serving, by the deploy.yml that operators run. See demo/README.md.
# Usage: demo/demo.sh up|down
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PWD/.venv/bin:$PATH
publish=(--publish 8022:22 --publish 8080:80 --publish 8443:443)

step() { printf '\n== %s\n' "$*"; }

up() {
    trap '[ $? = 0 ] || echo "The demo is not up: see the error above. make demo continues where it stopped, make demo-down removes all." >&2' EXIT
    step "Python, Ansible and collections"
    demo/setup.sh
    step "Docker engine"
    demo/engine.sh start
    python -m demo.server check demo "${publish[@]}"
    step "Images"
    python -m demo.build_images
    step "Registry for the server"
    python -m demo.registry up
    step "Server rarebooks-demo"
    python -m demo.server up demo "${publish[@]}"
    step "ansible-playbook -i inventories/demo deploy.yml"
    [ ! -t 1 ] || export ANSIBLE_FORCE_COLOR=1
    ansible-playbook -i inventories/demo deploy.yml | tee build/demo/deploy.log
    step "Done"
    python -m demo.report build/demo/deploy.log
}

down() {
    python -m demo.server down demo
    python -m demo.registry down
    echo "The demo is gone. Its images stay, so that the next make demo is quick."
}

case ${1:-} in
    up | down) "$1" ;;
    *) echo "usage: demo/demo.sh up|down" >&2; exit 2 ;;
esac
