"""One disposable server: a container with systemd and sshd that a playbook cannot tell from a machine.

Usage: python -m demo.server up NAME [--publish HOST_PORT:PORT ...] [--dns SERVER] [--quick]
       python -m demo.server check --publish ... | restart NAME | down NAME

The container, its host name and its volume are called rarebooks-NAME. build/NAME/ssh_config holds all that ssh needs:
  ssh -F build/NAME/ssh_config rarebooks-NAME
"""

from __future__ import annotations

import argparse
import io
import shutil
import socket
import tarfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import docker
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from docker.errors import NotFound
from docker.models.containers import Container

from demo.common import BUILD, LABEL, NETWORK, ROOT, Failure, engine, owned, run, text, wait_until

IMAGE = "rarebooks-demo-server:1"
# Names are the same in every checkout on a machine; this says whose a server is.
CHECKOUT_LABEL = f"{LABEL}.checkout"
# The server's Python compiles a module that comes in a zip, as Ansible's do, once: CPython compiles it twice each time, the first to learn
# the name of its file.
KEPT_COMPILED = {
    "usr/local/lib/python3.13/dist-packages/keep_compiled.pth": (0o644, b"import keep_compiled\n"),
    "usr/local/lib/python3.13/dist-packages/keep_compiled.py": (0o644, (Path(__file__).parent / "quick/keep_compiled.py").read_bytes()),
}
# An engine, once it is installed, that starts containers with crun: in half the time of runc, which is Docker's own.
QUICK = {"etc/docker/daemon.json": (0o644, b'{"default-runtime": "crun", "runtimes": {"crun": {"path": "/usr/bin/crun"}}}\n')}
LOOPBACK = "127.0.0.1"
SSH_PORT = 22
BOOT_SECONDS = 60
# What systemd and an engine of its own need; `privileged` would ask for CAP_SYS_RESOURCE, which CI machines lack.
CAPABILITIES = [
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "BLOCK_SUSPEND",
    "DAC_READ_SEARCH",
    "IPC_LOCK",
    "IPC_OWNER",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "NET_ADMIN",
    "NET_BROADCAST",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
]


def full_name(name: str) -> str:
    return f"rarebooks-{name}"


def directory(name: str) -> Path:
    return BUILD / name


def parse_publish(values: list[str]) -> dict[int, int]:
    """Turn ["8080:80"] into {80: 8080}."""
    published = {}
    for value in values:
        host, separator, container = value.partition(":")
        if not (separator and host.isdecimal() and container.isdecimal()):
            raise Failure(f"--publish {value}: expected HOST_PORT:PORT, for example 8080:80")
        published[int(container)] = int(host)
    return published


def taken_ports(ports: list[int]) -> list[int]:
    """Return the ports of this machine's loopback address that something listens on."""
    taken = []
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                taken.append(port)
    return taken


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


def ssh_config(host: str, port: int, folder: Path) -> str:
    """Return a configuration that knows one host and believes no other key than the one we gave it."""
    return "\n".join(
        [
            f"Host {host}",
            f"  HostName {LOOPBACK}",
            f"  Port {port}",
            "  User root",
            f'  IdentityFile "{folder / "id_ed25519"}"',
            "  IdentitiesOnly yes",
            f'  UserKnownHostsFile "{folder / "known_hosts"}"',
            "  StrictHostKeyChecking yes",
            "",
        ]
    )


def new_key() -> tuple[bytes, bytes]:
    """Return a private key and its public half, as OpenSSH writes them."""
    key = Ed25519PrivateKey.generate()
    return (
        key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()),
        key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH) + b"\n",
    )


def packed(files: dict[str, tuple[int, bytes]]) -> bytes:
    """Pack files (path: mode, content) as the engine takes them; their directories are private to root."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, (mode, content) in files.items():
            entry = tarfile.TarInfo(path)
            entry.mode, entry.size = mode, len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, also while it is written."""
    path.unlink(missing_ok=True)
    path.touch(0o600)
    path.write_bytes(content)


def find(client: docker.DockerClient, name: str) -> Container | None:
    try:
        container = client.containers.get(full_name(name))
    except NotFound:
        return None
    owned(container.labels, f"Container {full_name(name)}")
    belongs_here(container.labels, full_name(name))
    return container


def belongs_here(labels: dict[str, str], what: str) -> None:
    """Refuse the server of another checkout: its keys are there, and somebody may be working with it.

    A checkout that was deleted took the keys along: such a server is nobody's any more, and free to be removed.
    """
    checkout = labels.get(CHECKOUT_LABEL, str(ROOT))
    if checkout != str(ROOT) and Path(checkout).is_dir():
        raise Failure(f"Server {what} belongs to the checkout {checkout}, this is {ROOT}. Remove it from there first.")


def check_ports(published: dict[int, int]) -> None:
    taken = taken_ports(sorted(published.values()))
    if taken:
        ports = ", ".join(str(port) for port in taken)
        raise Failure(
            f"Port {ports} on {LOOPBACK} is in use. See by what with: ss -ltnp. Stop that, or choose other ports (see demo/README.md)."
        )


def address(attributes: dict[str, Any], what: str) -> str:
    """Return where the other servers reach a container; one that does not run has no address."""
    found = attributes["NetworkSettings"]["Networks"].get(NETWORK, {}).get("IPAddress")
    if not found:
        raise Failure(f"Server {what} has no address on the network {NETWORK}. Start it first: up {what.removeprefix(full_name(''))}")
    return str(found)


def name_servers(client: docker.DockerClient, name: str | None) -> list[str] | None:
    """Return what a server asks for names that Docker does not know; None leaves that to the engine."""
    if name is None:
        return None
    container = find(client, name)
    if container is None:
        raise Failure(f"--dns {name}: there is no server {full_name(name)}. Make it first: up {name}")
    return [address(container.attrs, full_name(name))]


def create(client: docker.DockerClient, name: str, published: dict[int, int], dns: str | None, quick: bool) -> Container:
    """Make a server that is not started yet, with both its keys in place."""
    host = full_name(name)
    folder = directory(name)
    folder.mkdir(parents=True, exist_ok=True)
    published = {SSH_PORT: free_port()} | published
    check_ports(published)
    host_key, host_public = new_key()
    user_key, user_public = new_key()
    container = client.containers.create(
        IMAGE,
        cap_add=CAPABILITIES,
        cgroupns="private",
        detach=True,
        dns=name_servers(client, dns),
        environment={"container": "docker", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE": "1"},
        hostname=host,
        labels={LABEL: "server", CHECKOUT_LABEL: str(ROOT)},
        name=host,
        network=NETWORK,
        ports={f"{inner}/tcp": (LOOPBACK, outer) for inner, outer in published.items()},
        # `systemctl reboot` ends the container; this brings it back as a machine comes back.
        restart_policy={"Name": "always"},
        runtime="runc",
        security_opt=["seccomp=unconfined", "apparmor=unconfined"],
        tmpfs={"/run": "exec", "/tmp": "exec"},  # noqa: S108
        volumes={host: {"bind": "/var/lib/docker", "mode": "rw"}},
    )
    files = {
        "etc/ssh/ssh_host_ed25519_key": (0o600, host_key),
        "etc/ssh/ssh_host_ed25519_key.pub": (0o644, host_public),
        "root/.ssh/authorized_keys": (0o600, user_public),
    }
    container.put_archive("/", packed(files | KEPT_COMPILED | (QUICK if quick else {})))
    port = published[SSH_PORT]
    write_private(folder / "id_ed25519", user_key)
    (folder / "known_hosts").write_text(f"[{LOOPBACK}]:{port} {host_public.decode()}")
    (folder / "ssh_config").write_text(ssh_config(host, port, folder))
    return container


def greets(port: int) -> bool:
    """Tell whether sshd speaks: the engine accepts connections long before."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=5) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def wait(container: Container) -> None:
    """Wait until systemd has started everything and sshd answers."""
    states: list[str] = []

    def booted() -> bool:
        container.reload()
        if container.status not in ("running", "restarting"):
            raise Failure(f"Server {container.name} is {container.status}, expected running:\n{text(container.logs(tail=20))}")
        if container.status == "restarting":
            return False
        states[:] = [text(container.exec_run(["systemctl", "is-system-running"]).output)]
        return states[0] in ("running", "degraded")

    wait_until(booted, BOOT_SECONDS, f"{container.name} to start")
    if states == ["degraded"]:
        print(text(container.exec_run(["systemctl", "--failed", "--no-legend"]).output))
    port = int((container.ports[f"{SSH_PORT}/tcp"] or [{}])[0]["HostPort"])
    wait_until(lambda: greets(port), BOOT_SECONDS, f"sshd of {container.name} on port {port}")


def up(name: str, published: dict[int, int], dns: str | None = None, quick: bool = False) -> None:
    client = engine()
    container = find(client, name)
    if container is None:
        container = create(client, name, published, dns, quick)
    elif not (directory(name) / "id_ed25519").exists():
        raise Failure(f"Server {container.name} runs, but its key in {directory(name)} is gone. Remove it first: down {name}")
    container.start()
    wait(container)
    print(f"  {container.name} is up: ssh -F {directory(name).relative_to(Path.cwd())}/ssh_config {container.name}", flush=True)


def restart(name: str) -> None:
    container = find(engine(), name)
    if container is None:
        raise Failure(f"There is no server {full_name(name)}")
    container.restart(timeout=60)
    wait(container)


def down(name: str) -> None:
    """Remove the server with all its data and its keys."""
    client = engine()
    container = find(client, name)
    if container is not None:
        container.remove(force=True, v=True)
    with suppress(NotFound):
        client.volumes.get(full_name(name)).remove()
    shutil.rmtree(directory(name), ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m demo.server", description="One disposable server in a container")
    parser.add_argument("action", choices=["up", "check", "restart", "down"])
    parser.add_argument("name", help="the server is called rarebooks-NAME")
    parser.add_argument("--publish", action="append", default=[], metavar="HOST_PORT:PORT", help="on 127.0.0.1")
    parser.add_argument("--dns", metavar="SERVER", help="the demo server to ask for names that Docker does not know; at creation")
    parser.add_argument("--quick", action="store_true", help="crun in place of runc; at creation")
    arguments = parser.parse_args()
    published = parse_publish(arguments.publish)
    if arguments.action == "up":
        up(arguments.name, published, arguments.dns, arguments.quick)
    elif arguments.action == "check":
        if find(engine(), arguments.name) is None:
            check_ports(published)
    elif arguments.action == "restart":
        restart(arguments.name)
    else:
        down(arguments.name)


if __name__ == "__main__":
    run(main)
