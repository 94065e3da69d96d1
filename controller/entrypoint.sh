#!/bin/sh
# Runs a playbook of the collection by its name, or any other program: entrypoint NAME|PROGRAM [OPTIONS]
set -eu
export ANSIBLE_CONFIG=/etc/rarebooks/ansible.cfg EDITOR=nano
playbooks=/usr/share/ansible/collections/ansible_collections/rarebooks/platform/playbooks

# Keys come read-only, and from Windows with rights at which ssh refuses them.
umask 077
mkdir -p ~/.ssh
for file in /keys/*; do
    [ ! -f "$file" ] || cp "$file" ~/.ssh/
done
if [ -z "${SSH_AUTH_SOCK:-}" ]; then
    eval "$(ssh-agent -s)" > /dev/null
    for key in ~/.ssh/id_ed25519 ~/.ssh/id_ecdsa ~/.ssh/id_rsa; do
        # Asks for the passphrase of a key that has one, once for the whole run.
        [ ! -f "$key" ] || ssh-add -q "$key" || true
    done
fi
umask 022
touch /run/started

name=${1:-nothing}
if [ -f "$playbooks/$name.yml" ]; then
    shift
    [ ! -d inventories/production ] || export ANSIBLE_INVENTORY=inventories/production
    set -- ansible-playbook "rarebooks.platform.$name" "$@"
elif ! command -v "$name" > /dev/null; then
    echo "Got $name. Expected a program such as ssh or ansible-vault, or one of"
    for file in "$playbooks"/*.yml; do
        printf '  %-18s %s\n' "$(basename "$file" .yml)" "$(sed -n 's/^- name: //p;T;q' "$file")"
    done
    exit 2
fi
code=0
"$@" || code=$?
# What was written belongs to who called, not to the root of a container.
[ -z "${OWNER:-}" ] || find . -xdev -user root -newer /run/started -exec chown -h "$OWNER" {} +
exit "$code"
