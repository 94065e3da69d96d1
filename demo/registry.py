"""The registry from which the disposable servers pull: up with every image in it, or down.

Usage: python -m demo.registry up|down

A server names it as a mirror of Docker Hub (daemon.json: registry-mirrors), so that it pulls postgres:15 and the others
by the names that an operator's server uses.
"""

from __future__ import annotations

import argparse

import docker
import requests
from docker.errors import NotFound
from docker.models.containers import Container

from demo.common import LABEL, NETWORK, Failure, engine, owned, run, text, wait_until

NAME = "rarebooks-demo-registry"
IMAGE = "rarebooks-demo-registry:1"
PORT = "5000/tcp"
SERVED = (
    "postgres:15",
    "nginx:stable-alpine",
    "rarebooks-demo-base:1",
    "rarebooks_backend:latest",
    "rarebooks_frontend:latest",
    "maymessenger_web_client:latest",
)
MANIFEST_TYPES = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
)


def find(client: docker.DockerClient) -> Container | None:
    """Return our registry's container, or None."""
    try:
        container = client.containers.get(NAME)
    except NotFound:
        return None
    owned(container.labels, f"Container {NAME}")
    return container


def ensure_network(client: docker.DockerClient) -> None:
    """Provide the network on which servers find the registry by its name."""
    try:
        owned(client.networks.get(NETWORK).attrs["Labels"] or {}, f"Network {NETWORK}")
    except NotFound:
        client.networks.create(NETWORK, driver="bridge", labels={LABEL: "network"})


def ensure_container(client: docker.DockerClient) -> Container:
    """Provide the running registry, made anew when its image changed."""
    container = find(client)
    if container is not None and container.attrs["Image"] != client.images.get(IMAGE).id:
        container.remove(force=True, v=True)
        container = None
    if container is None:
        return client.containers.run(
            IMAGE,
            detach=True,
            labels={LABEL: "registry"},
            name=NAME,
            network=NETWORK,
            ports={PORT: ("127.0.0.1", 0)},
            restart_policy={"Name": "always"},
        )
    container.start()
    return container


def address(container: Container) -> str:
    """Return where this machine reaches the registry."""
    container.reload()
    published = container.ports.get(PORT)
    if not published:
        raise Failure(f"The registry stopped: {text(container.logs(tail=5))}")
    return f"127.0.0.1:{published[0]['HostPort']}"


def holds(manifest: dict[str, object], digest: str | None, image_id: str | None) -> bool:
    """Tell whether a registry's manifest is this image: engines name an image by its configuration or by its manifest."""
    config = manifest.get("config")
    return image_id in (digest, config.get("digest") if isinstance(config, dict) else None)


def answers(base: str) -> bool:
    try:
        return requests.get(f"{base}/v2/", timeout=5).ok
    except requests.ConnectionError:
        return False


def push(client: docker.DockerClient, host: str, tag: str) -> None:
    """Push an image under library/, where the engine looks for plain names; not when it is there already."""
    repository, version = tag.split(":")
    image = client.images.get(tag)
    known = requests.get(
        f"http://{host}/v2/library/{repository}/manifests/{version}",
        headers={"Accept": ", ".join(MANIFEST_TYPES)},
        timeout=30,
    )
    if known.ok and holds(known.json(), known.headers.get("Docker-Content-Digest"), image.id):
        return
    remote = f"{host}/library/{repository}"
    image.tag(remote, version)
    try:
        for line in client.images.push(remote, version, stream=True, decode=True):
            if "error" in line:
                raise Failure(f"Pushing {tag} to the registry failed: {line['error']}")
    finally:
        client.images.remove(f"{remote}:{version}", noprune=True)
    print(f"  {tag:<26} pushed", flush=True)


def up() -> None:
    client = engine()
    ensure_network(client)
    container = ensure_container(client)
    host = address(container)
    wait_until(lambda: answers(f"http://{host}"), 30, f"the registry on {host} to answer")
    for tag in SERVED:
        push(client, host, tag)


def down() -> None:
    """Remove registry and network, unless a server still pulls from them."""
    client = engine()
    container = find(client)
    try:
        network = client.networks.get(NETWORK)
        owned(network.attrs["Labels"] or {}, f"Network {NETWORK}")
    except NotFound:
        network = None
    others = sorted(str(c.name) for c in network.containers if c.name != NAME) if network is not None else []
    if others:
        print(f"  {NAME} stays, in use by {', '.join(others)}")
        return
    if container is not None:
        container.remove(force=True, v=True)
    if network is not None:
        network.remove()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m demo.registry", description="The registry of the demo and the tests")
    parser.add_argument("action", choices=["up", "down"])
    {"up": up, "down": down}[parser.parse_args().action]()


if __name__ == "__main__":
    run(main)
