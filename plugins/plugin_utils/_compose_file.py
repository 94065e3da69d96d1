# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What of a Compose file can be part of a release, and what cannot: one sentence for each, before anything is made of it.

What is refused would start otherwise than its owner means, or not at all, once his project is one of several apps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

WHOLE = "Write the whole project into one file with `docker compose config --no-interpolate` and give that."
TOP = ("name", "services", "volumes", "networks", "version")
REFUSED_TOP = {
    "include": WHOLE,
    "configs": "Mount a file that lies beside the Compose file, read-only, in its place.",
    "secrets": "Put the value in an environment file beside the Compose file, and name it in secrets of this entry.",
    "models": "Take them out: the engine of this server runs containers alone.",
}
REFUSED = {
    "extends": WHOLE,
    "profiles": "A deploy starts all services. Take the line out, or the service.",
    "configs": REFUSED_TOP["configs"],
    "secrets": REFUSED_TOP["secrets"],
    "network_mode": "Take the line out: the proxy and other services reach it over a network.",
    "links": "Take the line out: services of one network reach each other by their names.",
    "external_links": "Take the line out, and attach the service to a network of the other container.",
    "volumes_from": "Name the volumes themselves.",
    "label_file": "Write the labels out.",
    "provider": "Take the service out: it is no container.",
    "models": REFUSED_TOP["models"],
}
# What is read here may have these forms; all else is for Compose to refuse.
FORMS: dict[str, tuple[type, ...]] = {
    "volumes": (list,),
    "ports": (list,),
    "environment": (list, dict),
    "labels": (list, dict),
    "networks": (list, dict),
    "depends_on": (list, dict),
    "env_file": (str, list, dict),
}
WORDS: dict[type, str] = {str: "a text", list: "a list", dict: "a dictionary"}
STAYS = ("always", "unless-stopped")


def faults(document: Any, replaced: Mapping[str, str]) -> list[str]:
    """Return what is wrong with a Compose file whose variables have been replaced; replaced are the images given in its place."""
    if not isinstance(document, dict):
        return ["expected a Compose file with services in it, got something else."]
    found = [
        f"{key}: expected only {', '.join(TOP)}, got {key}. {REFUSED_TOP.get(key, 'Take it out.')}"
        for key in document
        if key not in TOP and not str(key).startswith("x-")
    ]
    services = document.get("services")
    if not isinstance(services, dict) or not services:
        return [*found, "services: expected at least one service, got none."]
    for key in ("volumes", "networks"):
        if not isinstance(document.get(key) or {}, dict):
            found.append(f"{key}: expected a dictionary, got something else.")
    for name, service in services.items():
        whole = isinstance(service, dict)
        found += [
            f"services.{name}{fault}"
            for fault in (_of_service(name, service, services, replaced) if whole else [": expected a dictionary."])
        ]
    return found


def _of_service(name: str, service: Mapping[str, Any], services: Mapping[str, Any], replaced: Mapping[str, str]) -> Iterator[str]:
    for key, advice in REFUSED.items():
        if service.get(key):
            yield f".{key}: expected no such line, got one. {advice}"
    if service.get("build") and name not in replaced:
        yield (
            ".build: expected an image, since nothing is built from this file on the server, got build. Push the image to a registry "
            f"and name it: image: in the file in place of build:, or images: {{{name}: NAME}} in this entry."
        )
    elif not service.get("image") and name not in replaced:
        yield f".image: expected the name of an image, got none. Name it in the file, or with images: {{{name}: NAME}} in this entry."
    for key in ("pid", "ipc", "cgroup", "uts"):
        if str(service.get(key, "")).startswith(("service:", "container:")):
            yield f".{key}: expected it to be the container's own, got {service[key]}. Take the line out."
    deploy = service.get("deploy") if isinstance(service.get("deploy"), dict) else {}
    for key, number in (("scale", service.get("scale", 1)), ("deploy.replicas", (deploy or {}).get("replicas", 1))):
        if str(number) != "1":
            yield f".{key}: expected 1, since each service is one container, got {number}. Write 1, or take the line out."
    if "restart" in service and service["restart"] not in STAYS:
        yield (
            f".restart: expected {' or '.join(STAYS)}, since every container has to come back after a reboot and a deploy waits until "
            f"all run, got {service['restart']}. What runs once belongs in the start command of the service that needs it."
        )
    misshapen = [key for key, forms in FORMS.items() if service.get(key) is not None and not isinstance(service[key], forms)]
    for key in misshapen:
        yield f".{key}: expected {' or '.join(WORDS[one] for one in FORMS[key])}, got something else."
    if "depends_on" not in misshapen:
        yield from _dependencies(service.get("depends_on"), services)


def _dependencies(depends_on: Any, services: Mapping[str, Any]) -> Iterator[str]:
    for name in depends_on or ():
        if name not in services:
            yield f".depends_on: expected services of this file ({', '.join(services)}), got {name}."
        elif isinstance(depends_on, dict) and (depends_on[name] or {}).get("condition") == "service_completed_successfully":
            yield (
                f".depends_on.{name}: expected service_started or service_healthy, got service_completed_successfully. What runs once "
                "belongs in the start command of the service that needs it."
            )
