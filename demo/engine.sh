#!/usr/bin/env bash
# A Docker engine for the demo and the tests: the one that answers, or one of our own.
# Usage: demo/engine.sh start|stop   stop ends only an engine that start began
# With ENGINE_IN_MEMORY=yes what an engine of our own stores is in memory, where there is enough, and gone when it ends: tests make and
# throw away many thousand files, which costs ext4 without a journal a twentieth of all their time.
set -euo pipefail
cd "$(dirname "$0")/.."
pid_file=build/dockerd.pid
log=build/dockerd.log
memory=/dev/shm/rarebooks-engine
memory_needed_mib=14336

fail() { echo "ERROR: $*" >&2; exit 1; }
answers() { .venv/bin/python -c 'import docker; docker.from_env(timeout=5).ping()' 2> /dev/null; }
# The process we started and no other that got its number since. In a container that nobody tidies an ended process stays
# listed as a zombie (Z).
ours() {
    [ -s "$pid_file" ] && grep -q '^Name:[[:space:]]dockerd$' "/proc/$(cat "$pid_file")/status" 2> /dev/null \
        && ! grep -q '^State:[[:space:]]Z' "/proc/$(cat "$pid_file")/status" 2> /dev/null
}

# Whether a mount, and the memory that is free, hold what a whole run of the tests stores at its peak, twice.
memory_suffices() {
    [ "$(df --output=avail --block-size=1M /dev/shm 2> /dev/null | tail -n 1)" -ge "$memory_needed_mib" ] \
        && [ "$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)" -ge "$memory_needed_mib" ]
}

# crun, which the engine and that of many servers start containers with, takes half the time of runc, and refuses control groups of
# which some are of version 1 and some of version 2. Systemd leaves no such mixture, a machine without it may.
version_1_alone() {
    for controller in $(cat /sys/fs/cgroup/unified/cgroup.controllers 2> /dev/null); do
        mkdir -p "/sys/fs/cgroup/$controller"
        mount -t cgroup -o "$controller" cgroup "/sys/fs/cgroup/$controller"
    done
}

wait_for_engine() {
    for _ in $(seq 150); do
        answers && return
        [ ! -e "$pid_file" ] || ours || fail "dockerd ended. Its last words ($log):"$'\n'"$(tail -n 15 "$log")"
        sleep 0.2
    done
    fail "the Docker engine was started and does not answer. Look at ${1}."
}

# What an engine of ours left in memory; one that was killed also leaves its mounts.
forget() {
    awk -v below="$memory/" 'index($2, below) == 1 { print $2 }' /proc/self/mounts | sort -r | xargs --no-run-if-empty umount --lazy
    rm -rf "$memory"
}

start() {
    [ "$(id -u)" != 0 ] || version_1_alone
    if answers; then
        return
    fi
    [ "$(id -u)" = 0 ] || fail "no Docker engine answers to user $(id -un). If one runs here, join its group" \
        "(sudo usermod -aG docker $(id -un), then log in again); if none does, install docker.io or run this as root."
    if ! command -v dockerd > /dev/null; then
        echo "Installing Docker on this machine ..."
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends docker.io iptables crun > /dev/null
    fi
    if [ -d /run/systemd/system ]; then
        systemctl start docker
        wait_for_engine "journalctl -u docker"
        return
    fi
    if ! ours; then
        # An engine that was killed leaves its number behind, and a new one refuses to start while any process has it.
        stale=$(cat /var/run/docker.pid 2> /dev/null || true)
        [ -z "$stale" ] || grep -q '^Name:[[:space:]]dockerd$' "/proc/$stale/status" 2> /dev/null || rm -f /var/run/docker.pid
        mkdir -p build
        forget
        options=()
        if [ "${ENGINE_IN_MEMORY:-}" = yes ] && memory_suffices; then
            options+=(--data-root "$memory")
        fi
        if command -v crun > /dev/null; then
            options+=(--add-runtime "crun=$(command -v crun)" --default-runtime crun)
        fi
        setsid nohup dockerd "${options[@]}" > "$log" 2>&1 < /dev/null &
        echo $! > "$pid_file"
    fi
    wait_for_engine "$log"
    echo "Started a Docker engine (process $(cat "$pid_file"), log in $log)."
}

stop() {
    if ours; then
        pid=$(cat "$pid_file")
        kill "$pid"
        for _ in $(seq 150); do
            ours || break
            sleep 0.2
        done
        ! ours || fail "dockerd (process $pid) does not end"
        forget
        echo "Stopped the Docker engine that was started here."
    fi
    rm -f "$pid_file"
}

case ${1:-} in
    start | stop) "$1" ;;
    *) fail "usage: demo/engine.sh start|stop" ;;
esac
