# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What daemon.json is to hold: what stands there, ours where nobody else decided, and over both what the operator wants.

An option that the operator gives as null is somebody else's business: it stays as it is, in the file or as a flag of the engine.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ansible.module_utils.common.validation import check_type_dict
from ansible_collections.rarebooks.platform.plugins.module_utils._engine.daemon_config import RELOADABLE

DRIVER, DRIVER_OPTIONS, LIVE_RESTORE = "log-driver", "log-opts", "live-restore"
# Logs that cannot fill the disk. Every service of ours says so itself; this is for other containers.
ROTATION = {DRIVER: "json-file", DRIVER_OPTIONS: {"max-size": "10m", "max-file": "5"}}
# The driver of an engine that names none.
DEFAULT_DRIVER = "json-file"
# Options by flags with another name. Else a flag that may be given more than once has the option's singular.
OPTIONS = {
    "-b": "bridge", "-D": "debug", "-G": "group", "-H": "hosts", "-l": "log-level", "-p": "pidfile", "-s": "storage-driver",
    "--insecure-registry": "insecure-registries",
}  # fmt: skip
# Of these the engine takes both.
ADDED_UP = ("runtimes",)


def parse(content: str) -> dict[str, Any]:
    """Return the options of a daemon.json, which may be empty."""
    options: dict[str, Any] = json.loads(content) if content.strip() else {}
    return options


def option_of(flag: str, options: Iterable[str]) -> str:
    """Return the option of daemon.json that a flag of the engine stands for; empty where it is none of these options."""
    name, among = OPTIONS.get(flag, flag.lstrip("-")), set(options)
    return next((one for one in (name, f"{name}s") if one in among and one not in ADDED_UP), "")


def left_to_flags(flags: Iterable[str]) -> dict[str, None]:
    """Return those of our own options that the engine has as flags, in the form in which an operator leaves them to these."""
    return dict.fromkeys(option for flag in flags if (option := option_of(flag, [LIVE_RESTORE, *ROTATION])))


def merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return both, mappings merged, where they differ the one on top."""
    result = dict(under)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
        result[key] = merged(result[key], value) if both else value
    return result


def ours(now: Mapping[str, Any], options: Mapping[str, Any], swarm: bool) -> dict[str, Any]:
    """Return our own options, as far as they are compatible with what somebody else decided.

    A log driver takes no options of another one, and existing containers of other projects keep the one that they have. With
    Swarm the engine does not start with live-restore; without it a restart stops every container, and rotation is not worth that.
    """
    if swarm:
        return {}
    decided = DRIVER in now or DRIVER_OPTIONS in now or options.get(DRIVER, DEFAULT_DRIVER) != DEFAULT_DRIVER
    decided = decided or options.get(DRIVER_OPTIONS, {}) is None
    return {LIVE_RESTORE: True, **({} if decided else ROTATION)}


def wanted(content: str, options: Any, swarm: bool) -> dict[str, Any]:
    """Return what daemon.json is to hold; content is what it holds now, options what the operator wants in it."""
    now, options = parse(content), check_type_dict(options)
    own = {key: value for key, value in ours(now, options, swarm).items() if options.get(key, value) is not None}
    given = {key: value for key, value in options.items() if value is not None}
    if given.get(DRIVER, now.get(DRIVER, DEFAULT_DRIVER)) != now.get(DRIVER, DEFAULT_DRIVER):
        # Another driver would refuse the options of the one before.
        now = {key: value for key, value in now.items() if key != DRIVER_OPTIONS}
        own = ours(now | {DRIVER: ""}, options, swarm)
    return merged(merged(now, own), given)


def without_restart(content: str, after: Mapping[str, Any]) -> dict[str, Any]:
    """Return what daemon.json is to hold with the options left as they are that a running engine cannot be told."""
    told = {key: value for key, value in after.items() if key in RELOADABLE}
    return {key: value for key, value in parse(content).items() if key not in RELOADABLE} | told
