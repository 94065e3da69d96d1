"""Logs as programs wrote them, and as the engine keeps them: ASP.NET Core 8, nginx 1.28, PostgreSQL 15, Python 3.13."""

from __future__ import annotations

import json
from pathlib import Path

LOGS = Path(__file__).parents[1] / "data/logs"
ASPNET, NGINX, POSTGRES, OTHERS = ((LOGS / f"{name}.log").read_text() for name in ("aspnet", "nginx", "postgres", "others"))

FIRST = "2026-11-26T10:44:00"


def recorded(text: str, stream: str = "stdout") -> list[bytes]:
    """Return lines as the engine keeps them in its files, a millisecond apart."""
    return [
        json.dumps({"log": f"{line}\n", "stream": stream, "time": f"{FIRST}.{number:03d}Z"}, separators=(",", ":")).encode() + b"\n"
        for number, line in enumerate(text.splitlines())
    ]


def shown(text: str) -> list[bytes]:
    """Return lines as the engine's API shows them."""
    return [f"{FIRST}.{number:03d}Z {line}\n".encode() for number, line in enumerate(text.splitlines())]
