#!/usr/bin/python
# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: server_info
short_description: Read what a deploy must know of a server before it changes anything
description:
  - Reads the operating system, resources, listening ports, name resolution and the state of Docker in one call.
  - Needs nothing on the server but Python, so that it works before Docker or any Python library has been installed.
    Docker is therefore asked through its own command line.
version_added: 0.1.0
extends_documentation_fragment:
  - rarebooks.platform.attributes.info_module
  - rarebooks.platform.release_options.databases
author:
  - RareBooks platform developers (@rarebooks)
options:
  path:
    description:
      - Directory whose file system's free space is reported. The nearest existing parent is taken.
    type: path
    default: /
  ports:
    description:
      - TCP ports whose listener is reported.
    type: list
    elements: int
    default: []
  names:
    description:
      - Host names to resolve on the server.
    type: list
    elements: str
    default: []
  libraries:
    description:
      - Further Python libraries that RV(python_libraries) tells about.
    type: list
    elements: str
    default: []
  units:
    description:
      - systemd units whose state is reported.
    type: list
    elements: str
    default: []
  project:
    description: The Compose project, which prefixes the names of volumes.
    type: str
    default: ""
  data_volumes:
    description: The volumes of the release to be deployed, without the project's prefix.
    type: list
    elements: str
    default: []
  unprefixed_volumes:
    description: Those of the volumes that have no such prefix, by their whole names.
    type: list
    elements: str
    default: []
    version_added: 0.4.0
  sources:
    description: Directories of sources, as M(rarebooks.platform.source_archive) puts them there, to tell what lies in them.
    type: list
    elements: path
    default: []
  trees:
    description: Trees of files that M(rarebooks.platform.config_tree) wrote, by their O(rarebooks.platform.config_tree#module:path).
    type: list
    elements: path
    default: []
  files:
    description: Files to return the hash of.
    type: list
    elements: path
    default: []
"""

EXAMPLES = r"""
- name: Read the server
  rarebooks.platform.server_info:
    path: /opt/rarebooks
    ports: [80, 443]
    names: [www.rare-books.ru]
  register: server

- name: Show the engine's version
  ansible.builtin.debug:
    msg: "{{ server.engine.version }}"
"""

RETURN = r"""
os:
  description: The operating system, from C(/etc/os-release).
  returned: always
  type: dict
  sample: {id: debian, version: "13", codename: trixie, architecture: amd64}
memory:
  description: Total memory in MiB.
  returned: always
  type: int
  sample: 3915
engine_disk:
  description: Where the engine keeps images and volumes (C(path)), and the space in MiB free for root there (C(free)).
  returned: always
  type: dict
  sample: {path: /var/lib/docker, free: 51200}
disk_free:
  description: Space in MiB free for root on the file system of O(path).
  returned: always
  type: int
  sample: 20480
addresses:
  description: The server's own IP addresses.
  returned: always
  type: list
  elements: str
  sample: [127.0.0.1, 203.0.113.7]
listeners:
  description: For each port of O(ports) in use, the program that listens on it.
  returned: always
  type: dict
  sample: {"80": "apache2 (pid 512)"}
names:
  description: For each name of O(names), the addresses it resolves to on the server.
  returned: always
  type: dict
  sample: {"www.rare-books.ru": ["203.0.113.7"]}
python_libraries:
  description: Whether the Python libraries the modules of this collection use can be imported, and those of O(libraries).
  returned: always
  type: dict
  sample: {cryptography: true, docker: true, requests: true}
docker_library:
  description:
    - The Python library docker, C(version) and C(path), both empty where there is none.
    - C(error) is what it says instead of asking the engine. Only one that does not come from a package is tried.
  returned: always
  type: dict
  sample: {version: 7.1.0, path: /usr/lib/python3/dist-packages/docker, error: ""}
units:
  description:
    - For each unit of O(units), its C(load) and C(active) state and whether it is C(enabled), in systemd's words.
    - All are empty where there is no systemd.
  returned: always
  type: dict
  sample: {rarebooks-certificates.timer: {load: loaded, enabled: enabled, active: active}}
engine:
  description:
    - Docker Engine as it is. C(package) is the Debian package it came from, empty when there is none, C(packages) are all that belong
      to it.
    - Versions are empty strings where the part is missing or does not answer.
    - C(unit) says whether systemd has C(docker.service), C(enabled) whether that is started at boot. C(flags) are the names of the flags
      with which it starts the engine, and of those with which the running one was started.
    - C(swarm) says whether it is a node of a Swarm, C(live_restore) whether containers outlive a restart of it, C(running) how many run,
      C(context) which engine the command C(docker) asks.
  returned: always
  type: dict
  sample:
    package: docker.io
    packages: [docker-buildx, docker-cli, docker-compose, docker.io, iptables, python3-docker]
    version: 26.1.5
    compose_version: 2.26.1
    buildx: true
    enabled: true
    unit: true
    flags: [-H, --containerd]
    swarm: false
    live_restore: true
    running: 7
    context: default
daemon_config:
  description: The content of C(/etc/docker/daemon.json), empty when there is no such file.
  returned: always
  type: str
  sample: '{"live-restore": true}'
daemon_config_pending:
  description: Whether a change of that file was cut off before the engine was seen to run with it.
  returned: always
  type: bool
  sample: false
deployed:
  description: Whether O(path) holds a Compose project, by this collection or by hand.
  returned: always
  type: bool
  sample: true
deployed_by_us:
  description: Whether the Compose project in O(path) was written by this collection.
  returned: always
  type: bool
  sample: true
described:
  description: Whether the release in O(path) says what it consists of, in its C(release.json).
  returned: always
  type: bool
  sample: true
containers:
  description:
    - Every container, whoever made it, with its Compose project and service, the directory of that project, its state and the names
      by which other containers reach it, by network; and the image it runs, with the name by which that was asked for.
  returned: always
  type: list
  elements: dict
  sample:
    - name: rarebooks_backend
      status: running
      project: rarebooksdokploy
      service: backend
      directory: /opt/rarebooks
      aliases: {rarebooks_network: [backend, rarebooks_backend]}
      image: sha256:ef743b9081b0f6b1a5bb6a3f6d3a8cb8f9b1ddf5f2a9b7e5a3c1e7d9f0b2a4c6
      asked_for: rarebooks_backend:latest
certificates:
  description: Names of the certificates in C(/etc/letsencrypt/live).
  returned: always
  type: list
  elements: str
  sample: [rare-books.ru]
networks:
  description: Docker networks by name, as C(docker network inspect) shows them.
  returned: always
  type: dict
  sample: {rarebooks_network: {Driver: bridge, Internal: false}}
images:
  description: Names of the Docker images, by tag, by digest and by id, in the form of P(rarebooks.platform.image_name#filter).
  returned: always
  type: list
  elements: str
  sample: ["postgres:15", "postgres@sha256:1247d8620515ddd2748d776b0645d6efaaf141598180c3b79d4ba41ea535b4b4"]
builds:
  description:
    - The images that a deploy built, known by their labels, with what they were built from.
    - C(source) is empty where the deploy that built it did not state it yet. C(size) is in MiB.
  returned: always
  type: list
  elements: dict
  sample:
    - id: sha256:93069505b67e07fa2eb9bd5a1b8f8a7cc2d4a8a0ea2ac3a6a57a7ac2ef9f0b1c
      names: ["maymessenger_backend:c25f6d2f2da9"]
      project: rarebooksdokploy
      source: c25f6d2f2da9c0ee28e8b1b4b7fc5c1f4f1b3f6a0a7c0a3c5f0d6c3f0d7a9b11
      size: 231
images_lost:
  description: Names by which containers asked for their image and which stand for nothing now, with the id of that image.
  returned: always
  type: dict
  sample: {"rarebooks_backend:latest": "sha256:ef743b9081b0f6b1a5bb6a3f6d3a8cb8f9b1ddf5f2a9b7e5a3c1e7d9f0b2a4c6"}
volumes:
  description: Names of the Docker volumes.
  returned: always
  type: list
  elements: str
  sample: [rarebooksdokploy_db_books_data]
lost_data:
  description:
    - The volumes of O(data_volumes) that a release proven in O(path) had, and that are missing, or newer than the newest dump of their
      database and with fewer rows than that. C(backup) is the backup with the newest dump, C(others) are the other containers whose
      databases it has dumps of.
  returned: always
  type: list
  elements: dict
  sample:
    - volume: rarebooksdokploy_db_maymessenger_data
      state: missing
      database: maymessenger
      container: db_maymessenger
      backup: "20261124_083000"
      others: []
      rows_sealed: 1200
      rows: 0
published:
  description: For each port of O(ports) a container publishes, the container and its Compose project.
  returned: always
  type: dict
  sample: {"443": {container: nginx_container, project: rarebooksdokploy}}
sources:
  description:
    - For each path of O(sources) the C(digest) of what lies there, as M(rarebooks.platform.source_archive) returns it of a source,
      whether an exchange was cut off there (C(interrupted)), and in C(error) why no source could come there.
  returned: always
  type: dict
  sample:
    /opt/rarebooks/MayMessenger/backend:
      digest: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
      interrupted: false
      error: ""
trees:
  description: For each path of O(trees) the digest of what lies there, as P(rarebooks.platform.tree_digest#filter) makes it of files.
  returned: always
  type: dict
  sample: {/opt/rarebooks/.recovery: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}
files:
  description: For each path of O(files) the SHA-256 of its content, empty where there is no such file.
  returned: always
  type: dict
  sample: {/etc/systemd/system/rarebooks-recovery.service: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855}
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.rarebooks.platform.plugins.module_utils._backup import volumes as backup_volumes
from ansible_collections.rarebooks.platform.plugins.module_utils._release import live as release_live
from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import Database
from ansible_collections.rarebooks.platform.plugins.module_utils._secrets import fixed
from ansible_collections.rarebooks.platform.plugins.module_utils._server import containers as server_containers
from ansible_collections.rarebooks.platform.plugins.module_utils._server import engine as server_docker
from ansible_collections.rarebooks.platform.plugins.module_utils._server import system
from ansible_collections.rarebooks.platform.plugins.module_utils._source import on_server
from ansible_collections.rarebooks.platform.plugins.module_utils._tree import digest

LIBRARIES = ("cryptography", "docker", "requests")


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "default": "/"},
            "ports": {"type": "list", "elements": "int", "default": []},
            "names": {"type": "list", "elements": "str", "default": []},
            "libraries": {"type": "list", "elements": "str", "default": []},
            "units": {"type": "list", "elements": "str", "default": []},
            "project": {"type": "str", "default": ""},
            "data_volumes": {"type": "list", "elements": "str", "default": []},
            "unprefixed_volumes": {"type": "list", "elements": "str", "default": []},
            "databases": {"type": "list", "elements": "dict", "default": [], "options": fixed.DATABASE_OPTIONS},
            "sources": {"type": "list", "elements": "path", "default": []},
            "trees": {"type": "list", "elements": "path", "default": []},
            "files": {"type": "list", "elements": "path", "default": []},
        },
        supports_check_mode=True,
    )
    ports = module.params["ports"]
    docker = server_docker.Docker(module.run_command)
    volumes = docker.volumes()
    databases = tuple(Database(**one) for one in module.params["databases"])
    wanted = backup_volumes.Wanted(
        module.params["project"], frozenset(module.params["data_volumes"]), databases, frozenset(module.params["unprefixed_volumes"])
    )
    engine = docker.engine()
    containers = server_containers.read(module.run_command)
    root = docker.root()
    disks = system.disks_free([module.params["path"], root])
    module.exit_json(
        changed=False,
        os=system.operating_system(),
        memory=system.memory(),
        disk_free=disks[module.params["path"]],
        engine_disk={"path": root, "free": disks[root]},
        addresses=system.addresses(module.run_command),
        listeners=system.listeners(ports),
        names=system.resolve(module.params["names"]),
        python_libraries=system.python_libraries([*LIBRARIES, *module.params["libraries"]]),
        units=system.units(module.run_command, module.params["units"]),
        engine=engine,
        docker_library=server_docker.library(bool(engine["version"])),
        deployed=os.path.exists(os.path.join(module.params["path"], "docker-compose.yml")),
        deployed_by_us=server_containers.owns_tree(module.params["path"]),
        described=bool(release_live.stated(module.params["path"]).apps),
        containers=containers,
        certificates=system.certificates(),
        daemon_config=server_docker.daemon_config(),
        daemon_config_pending=server_docker.daemon_config_pending(),
        networks=docker.networks(),
        **docker.images(containers),
        volumes=sorted(volumes),
        lost_data=backup_volumes.lost(module.run_command, module.params["path"], wanted, volumes),
        published=docker.published(ports),
        sources=on_server.look(module.params["sources"]),
        trees={path: digest.live(path) for path in module.params["trees"]},
        files=system.hashes(module.params["files"]),
    )


if __name__ == "__main__":
    main()
