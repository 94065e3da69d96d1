# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What must hold of a Docker Engine before a deploy may change anything. Each function returns one sentence per problem it finds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.validation import check_type_dict
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.daemon_config import LIVE_RESTORE, needs_restart
from ansible_collections.rarebooks.platform.plugins.plugin_utils import _daemon_config


def flags(engine: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """No option is both a flag and in daemon.json: the engine would not start."""
    both = {flag: option for flag in engine["flags"] if (option := _daemon_config.option_of(flag, wanted))}
    return [
        f"Docker: expected the option {option} in daemon.json alone, got it also as the flag {flag} with which docker.service starts the "
        f"engine, which does not start with both. Remove the flag (DOCKER_OPTS in /etc/default/docker, or a drop-in that `systemctl cat "
        f"docker.service` shows), put {option} into /etc/docker/daemon.json, and restart Docker at a quiet hour; then deploy again. "
        f"Or leave it to the flag: docker_daemon_options: {{{option}: null}}."
        for flag, option in both.items()
    ]


def configuration(server: Mapping[str, Any], options: Any) -> list[str]:
    """The engine can start with the configuration it is to get, and no container stops on the way there."""
    engine, options = server["engine"], check_type_dict(options)
    now = _daemon_config.parse(server["daemon_config"])
    wanted = _daemon_config.wanted(server["daemon_config"], options, engine["swarm"])
    if wanted == now:
        return []
    problems = flags(engine, wanted)
    if engine["swarm"] and wanted.get(LIVE_RESTORE):
        problems.append(
            f"docker_daemon_options: expected no {LIVE_RESTORE}, since the server is a node of a Swarm, with which the engine does not "
            f"start, got {LIVE_RESTORE}. Remove it from docker_daemon_options."
        )
    elif engine["running"] and not wanted.get(LIVE_RESTORE) and needs_restart(now, wanted):
        changing = ", ".join(sorted(key for key in wanted if wanted[key] != now.get(key)))
        problems.append(
            f"docker_daemon_options: expected options that a running engine takes, since without {LIVE_RESTORE} a restart would stop its "
            f"{engine['running']} containers, got {changing}. Put them into /etc/docker/daemon.json and restart Docker by hand at a quiet "
            "hour, or remove them from docker_daemon_options; then deploy again."
        )
    return problems


def command(engine: Mapping[str, Any]) -> list[str]:
    """The command docker is Docker's, and asks the engine that systemd runs."""
    if engine["package"] == "podman-docker":
        return [
            "Docker: expected Docker Engine or nothing, got podman-docker, which answers to the command docker with Podman. Remove it "
            "(`apt-get remove podman-docker`), and the deploy installs Docker beside Podman; or use another server."
        ]
    problems = []
    if engine["version"] and not engine["unit"]:
        problems.append(
            "Docker: expected an engine that systemd runs as docker.service, got one that systemd does not know, such as one from a snap. "
            "Move it to the packages of Debian, Ubuntu or Docker at a quiet hour, then deploy again."
        )
    if engine["context"] not in ("", "default"):
        problems.append(
            f"Docker: expected root's current context to be default, got {engine['context']}, so that the command docker asks another "
            "engine than this server's. Run `docker context use default` as root, then deploy again."
        )
    return problems


def library(found: Mapping[str, str]) -> list[str]:
    """The Python library docker can talk to the engine; one that pip has installed is taken before the package's."""
    if not found["error"]:
        return []
    return [
        f"Python library docker: expected one that can ask the engine, got {found['version']} in {found['path']}, which says: "
        f"{found['error']}. Remove it (`python3 -m pip uninstall docker`), and the deploy installs the package python3-docker."
    ]
