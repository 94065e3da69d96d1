"""Runs a service from its first log line to its last, as ASP.NET's host does."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from aiohttp import web

from . import logs
from .database import Database
from .settings import ConfigurationError, Switches, listen_address
from .web import MAX_HEADERS

# Together with the farewell to WebSockets this stays below the ten seconds that `docker stop` waits.
DRAIN_WITHIN = 5.0
_LIFETIME = logging.getLogger("Microsoft.Hosting.Lifetime")


@dataclass(frozen=True)
class Service:
    """What there is to run: the site and the databases it needs."""

    app: web.Application
    databases: list[Database]


def run(build: Callable[[Mapping[str, str], Switches], Service]) -> None:
    """Run the service that build makes from the environment, and exit."""
    logs.configure()
    sys.exit(asyncio.run(_run(build, os.environ)))


async def _run(build: Callable[[Mapping[str, str], Switches], Service], environment: Mapping[str, str]) -> int:
    switches = Switches.read(environment)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if switches.boot_delay:
        _LIFETIME.info("DEMO_BOOT_DELAY: starting in %s s.", switches.boot_delay)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), switches.boot_delay)
            return 0
    if switches.die_at_start is not None:
        _LIFETIME.critical("Unhandled exception: DEMO_DIE_AT_START, exit code %d.", switches.die_at_start)
        return switches.die_at_start
    try:
        service = build(environment, switches)
        address = listen_address(environment)
    except ConfigurationError as error:
        _LIFETIME.critical("Application startup exception: %s", error)
        return 1
    return await _serve(service, address, environment, stop)


async def _serve(service: Service, address: tuple[str | None, int], environment: Mapping[str, str], stop: asyncio.Event) -> int:
    runner = web.AppRunner(service.app, access_log=None, max_field_size=MAX_HEADERS)
    await runner.setup()
    host, port = address
    # The port is open before any database answers: /health says what is missing, and start order does not matter.
    await web.TCPSite(runner, host, port, shutdown_timeout=DRAIN_WITHIN).start()
    _LIFETIME.info("Now listening on: http://%s:%d", host or "[::]", port)
    _LIFETIME.info("Hosting environment: %s", environment.get("ASPNETCORE_ENVIRONMENT", "Production"))
    stopping = asyncio.create_task(stop.wait())
    keepers = [asyncio.create_task(database.keep_ready()) for database in service.databases]
    finished, _ = await asyncio.wait([stopping, *keepers], return_when=asyncio.FIRST_COMPLETED)
    failures = [task.exception() for task in finished if task is not stopping]
    for failure in failures:
        if isinstance(failure, ConfigurationError):
            _LIFETIME.error("The service cannot start: %s", failure)
        else:
            _LIFETIME.critical("Unhandled exception.", exc_info=failure)
    _LIFETIME.info("Application is shutting down...")
    await runner.cleanup()
    for task in (stopping, *keepers):
        task.cancel()
    await asyncio.gather(stopping, *keepers, return_exceptions=True)
    return 1 if failures else 0
