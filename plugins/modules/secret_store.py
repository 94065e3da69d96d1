#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: secret_store
short_description: Keep a server's secrets, generating those that nobody gave
description:
  - Secrets live in one JSON file on the server, mode C(0600). What is missing is generated there, once, and stays.
  - No value is ever returned or shown in a diff. Templates refer to a secret through the P(rarebooks.platform.secret#filter) filter.
  - A secret no longer listed is kept, since data encrypted or protected with it may still exist.
  - A password that belongs to a database of O(databases) is never generated where the database's volume exists. It is then taken from
    the running container, and whether taken or given proven by a login before anything is stored.
  - A secret with O(secrets[].taken_from) is not generated where a container of the project was made with that variable, but taken from
    there. Beside a tree that no deploy made, it is so even where another one is stored, which then was never in force.
  - Where the file is lost, the secrets are read back from the files of the live release in its directory.
version_added: 0.1.0
author:
  - RareBooks platform developers (@rarebooks)
options:
  path:
    description: The file. Its directory is created with mode C(0755) when missing.
    type: path
    required: true
  secrets:
    description: The secrets that must exist.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the secret, lower-case letters, digits and underscores.
        type: str
        required: true
      value:
        description: The value to store. Empty means to keep what is stored, or to generate a value.
        type: str
        default: ""
      fixed:
        description:
          - Whether a stored value must stay, since data exists that only it opens. PostgreSQL, for one, keeps the password with which
            its volume was initialised, whatever its environment says later.
          - Another given value is refused, unless the database that O(secrets[].database) names opens with it, or has no volume yet.
        type: bool
        default: false
      database:
        description: Of a fixed secret, the container of the database in O(databases) whose password it is.
        type: str
        default: ""
      taken_from:
        description: The environment variable whose value is taken where nobody gave the secret.
        type: dict
        suboptions:
          container:
            description: Name of the container, which need not exist.
            type: str
            required: true
          variable:
            description: Name of the variable.
            type: str
            required: true
      length:
        description: Number of characters of a generated value, letters and digits only.
        type: int
        default: 32
  databases:
    description: The databases whose passwords are among O(secrets).
    type: list
    elements: dict
    default: []
    suboptions:
      container:
        description: Name of the container.
        type: str
        required: true
      name:
        description: Name of the database.
        type: str
        required: true
      user:
        description: User with which the app logs in.
        type: str
        required: true
      volume:
        description: The volume with its data, without the project's prefix.
        type: str
        default: ""
  project:
    description: The Compose project, which prefixes the names of volumes.
    type: str
    default: ""
  volumes:
    description: The volumes that the server has, as M(rarebooks.platform.server_info) returns them.
    type: list
    elements: str
    default: []
  unprefixed_volumes:
    description: Those of the databases' volumes that have no such prefix, by their whole names.
    type: list
    elements: str
    default: []
    version_added: 0.4.0
  allow_published:
    description:
      - Whether a value that was printed in the public deployment guide is taken from what runs. Otherwise such a password of a database
        is refused, and any other secret generated anew.
    type: bool
    default: false
    version_added: 0.4.0
attributes:
  check_mode:
    support: full
    description: Reports what would be generated or stored, and writes nothing.
  diff_mode:
    support: full
    description: Shows names, never values.
"""

EXAMPLES = r"""
- name: Ensure every secret of the messenger
  rarebooks.platform.secret_store:
    path: /opt/rarebooks/.secrets.json
    secrets:
      - name: maymessenger_db_password
        fixed: true
        database: db_maymessenger
      - name: maymessenger_jwt_secret
        length: 64
        taken_from: {container: maymessenger_backend, variable: Jwt__Secret}
    databases:
      - {container: db_maymessenger, name: maymessenger, user: postgres, volume: db_maymessenger_data}
    project: rarebooksdokploy
    volumes: "{{ server.volumes }}"
"""

RETURN = r"""
generated:
  description: Names of the secrets generated by this call.
  returned: always
  type: list
  elements: str
  sample: [maymessenger_db_password]
stored:
  description: Names of the secrets whose given value was stored by this call.
  returned: always
  type: list
  elements: str
  sample: []
taken:
  description:
    - Names of the secrets that nobody gave, and that this call took from what runs. These are passwords of databases from their
      containers, also where a stored one opens nothing, what containers were made with, and what the files of the live release hold
      of a lost store.
  returned: always
  type: list
  elements: str
  sample: []
published:
  description: One sentence for each of the secrets that was printed in the public deployment guide, and how to rotate it.
  returned: always
  type: list
  elements: str
  sample: []
exposed:
  description: Whether others than its owner may read the store, or might, which is a change to put right.
  returned: always
  type: bool
  sample: false
"""

import json
import os
import secrets
import stat
import string
from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._base import secret_store, state
from ansible_collections.rarebooks.platform.plugins.module_utils._base.files import make_directory, write_durably
from ansible_collections.rarebooks.platform.plugins.module_utils._base.published_secrets import is_published
from ansible_collections.rarebooks.platform.plugins.module_utils._release import live
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import Database, Secret
from ansible_collections.rarebooks.platform.plugins.module_utils._secrets import environment as secrets_environment
from ansible_collections.rarebooks.platform.plugins.module_utils._secrets import fixed as secrets_fixed
from ansible_collections.rarebooks.platform.plugins.module_utils._secrets import kept as secrets_kept
from ansible_collections.rarebooks.platform.plugins.module_utils._server.containers import owns_tree

ALPHABET = string.ascii_letters + string.digits


def generate(length: int) -> str:
    """Return a random value that needs no quoting in env files, connection strings, URLs or shells."""
    return "".join(secrets.choice(ALPHABET) for _position in range(length))


def plan(store: dict[str, str], wanted: list[Secret], make: Callable[[int], str]) -> tuple[dict[str, str], list[str], list[str]]:
    """Return the new store and the names generated and stored."""
    new, generated, stored = dict(store), [], []
    for secret in wanted:
        name, value = secret.name, secret.value
        if value and store.get(name) != value:
            new[name] = value
            stored.append(name)
        elif not value and name not in store:
            new[name] = make(secret.length)
            generated.append(name)
    return new, generated, stored


def conflicts(store: dict[str, str], wanted: list[Secret], proven: set[str]) -> list[str]:
    """Return the names of fixed secrets that are given another value than the stored one, and that no login has proven."""
    fixed = [one for one in wanted if one.fixed and one.value and one.name in store and one.name not in proven]
    return [secret.name for secret in fixed if secret.value != store[secret.name]]


def sources(kept: dict[str, str], opened: dict[str, str], locked: list[secrets_fixed.Locked], containers: dict[str, str]) -> dict[str, str]:
    """Say where each secret is taken from."""
    databases = {one.name: one.container for one in locked if one.name in opened}
    found = {name: f"container {container}" for name, container in (databases | containers).items()}
    return dict.fromkeys(kept, "the files of the live release") | found


def open_to_take(store: dict[str, str], wanted: list[Secret], ours: bool) -> list[Secret]:
    """Return the secrets that may be taken from containers; what is stored beside a tree that is not ours was never in force."""
    return [one for one in wanted if not one.value and (one.name not in store or not ours)]


def published(store: dict[str, str], wanted: list[Secret], locked: list[secrets_fixed.Locked]) -> list[str]:
    """Say of each secret that everybody knows how to rotate it."""
    changes = {secret.name: secret.change for secret in locked}
    other = "give another one as {} in an encrypted inventory, and deploy; what was made with this one, such as a session, ends"
    return [
        f"{one.name} was printed in the public deployment guide, so that everybody knows it. Rotate it: "
        f"{changes.get(one.name) or other.format(one.name)}."
        for one in wanted
        if is_published(store[one.name])
    ]


def live_users(root: str) -> dict[str, str]:
    """Return with which user the live release logs in to its databases, by container."""
    return {one.container: one.user for app in live.stated(root).apps for one in app.databases}


def lines(names: Any) -> str:
    """Return names, one a line, for a diff."""
    return "".join(f"{name}: {secret_store.MASK}\n" for name in sorted(names))


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "secrets": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "no_log": False,
                "options": secrets_fixed.SECRET_OPTIONS,
            },
            "databases": {"type": "list", "elements": "dict", "default": [], "options": secrets_fixed.DATABASE_OPTIONS},
            "project": {"type": "str", "default": ""},
            "unprefixed_volumes": {"type": "list", "elements": "str", "default": []},
            "volumes": {"type": "list", "elements": "str", "default": []},
            "allow_published": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    path, project, allow_published = (module.params[name] for name in ("path", "project", "allow_published"))
    try:
        store = secret_store.load(path)
    except state.StateError as error:
        module.fail_json(msg=str(error))
    wanted, root = [state.fit(one, Secret) for one in module.params["secrets"]], os.path.dirname(path)
    databases = [Database(**one) for one in module.params["databases"]]
    lost = [secret.name for secret in wanted if not secret.value and secret.name not in store]
    kept = {name: value for name, value in (secrets_kept.read_back(root) if lost else {}).items() if name in lost}
    locked = secrets_fixed.locked(wanted, databases, project, store, kept, live_users(root), module.params["unprefixed_volumes"])
    opened, problems = secrets_fixed.prove(module.run_command, locked, module.params["volumes"], allow_published)
    asked = open_to_take(store | kept, wanted, owns_tree(root))
    running = secrets_environment.in_force(module.run_command, project, asked, allow_published).other_than(store)
    problems += running.problems
    refused = conflicts(store, wanted, {secret.name for secret in locked})
    if refused:
        problems.append(
            f"{', '.join(refused)}: expected the value in {path}, with which data was initialised, got another one. "
            "Remove it from the inventory to keep the stored one. To change it, first change it where it opens something, then in "
            "that file, then give the new value."
        )
    if problems:
        module.fail_json(msg="\n".join(["Nothing has been changed.", *problems]))
    taken = kept | opened | running.values
    new, generated, stored = plan(store | taken, wanted, generate)
    exposed = os.path.exists(path) and stat.S_IMODE(os.stat(path).st_mode) != 0o600
    changed = new != store or exposed
    if changed and not module.check_mode:
        make_directory(os.path.dirname(path))
        write_durably(path, json.dumps(new, indent=2, sort_keys=True).encode() + b"\n", 0o600)
    after = lines(new) + "".join(f"# given anew: {name}\n" for name in stored if name in store)
    places = sources(kept, opened, locked, running.containers)
    after += "".join(f"# taken from {place}: {name}\n" for name, place in sorted(places.items()))
    module.exit_json(
        changed=changed,
        generated=generated,
        stored=stored,
        taken=sorted(taken),
        published=published(new, wanted, locked),
        exposed=exposed,
        diff={"before_header": path, "after_header": path, "before": lines(store), "after": after},
    )


if __name__ == "__main__":
    main()
