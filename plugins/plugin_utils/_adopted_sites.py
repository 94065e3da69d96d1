# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of the sites that were carried over from a server set up by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ansible_collections.rarebooks.platform.plugins.module_utils._release.description import App
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_config import parse
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_lexer import NginxError


def problems(text: str, apps: Iterable[App]) -> Iterator[str]:
    """Yield one sentence for each host that an app has too: nginx would serve whichever comes first, with no more than a warning."""
    try:
        servers = parse({"proxy_adopted_sites": f"http {{{text}\n}}"}, "proxy_adopted_sites").servers
    except NginxError:
        return  # nginx refuses it in its own words before anything changes, or it includes files that are known on the server alone.
    adopted = {name for server in servers for name in server.names}
    for app in apps:
        for name in sorted(adopted.intersection(app.server_names)):
            yield (
                f"proxy_adopted_sites: expected hosts that no app has, got {name}, which is in {app.name}_server_names too. "
                "Take it out of one of the two."
            )
