# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What of a site's locations an app's role has variables for: places that have moved, and settings of places that both have.

Only what says that and nothing else: any other location is carried over word for word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_config import Configuration, Location, Server
from ansible_collections.rarebooks.platform.plugins.plugin_utils._nginx_targets import Targets, own_settings

# A place and all below it, of which the rest is caught.
_REST = re.compile(r"\^(?P<place>/(?:[A-Za-z0-9_/-]|\\?\.)*/)\(\.[*+]\)\$?")
_PLACE = re.compile(r"/(?:[A-Za-z0-9_.-]+/)*")


def redirects(site: Server) -> dict[str, str]:
    """Return the places from which visitors are sent to another one for good, whatever is below."""
    return dict(found for location in site.locations if (found := _redirect(location)))


def _redirect(location: Location) -> tuple[str, str] | None:
    if len(own_settings(location)) != 1:
        return None
    returned = [(location.path, one.args[1]) for one in location.directive.all("return") if one.args[0] == "301" and len(one.args) == 2]
    rewritten = [one.args[:2] for one in location.directive.all("rewrite") if one.args[2:] == ("permanent",)]
    if location.modifier == "~" and returned:
        return _moved(*returned[0])
    if location.modifier in ("", "^~") and rewritten:
        found = _moved(*rewritten[0])
        return found if found and found[0] == location.path else None
    return None


def _moved(pattern: str, target: str) -> tuple[str, str] | None:
    """Return from where to where, if it is all below one place that goes below another one."""
    found, new = _REST.fullmatch(pattern), target.removesuffix("$1")
    return (found["place"].replace("\\", ""), new) if found and new != target and _PLACE.fullmatch(new) else None


def rewrites(configuration: Configuration, site: Server, names: Mapping[str, str], backend: str) -> dict[str, str]:
    """Return the places for which the app, a container and its port, is asked at another one."""
    targets = Targets(configuration, names)
    found = {}
    for location in site.locations:
        target = targets.of(site, location)
        moved = _PLACE.fullmatch(location.path) and _PLACE.fullmatch(target.uri) and location.path != target.uri
        if moved and location.modifier in ("", "^~") and target.what == backend and not own_settings(location):
            found[location.path] = target.uri
    return found


def setting(configuration: Configuration, site: Server, place: Mapping[str, Any]) -> str:
    """Return the value of a directive that holds in a location, empty where nginx's own default does."""
    for location in site.locations:
        if location.called == place["location"]:
            scopes = [location.directive.block, *(one.block for one in reversed(location.around)), site.directive.block, configuration.http]
            values = [one.args[0] for scope in scopes for one in scope or () if one.name == place["directive"] and len(one.args) == 1]
            return values[0] if values else ""
    return ""


def entries(role: Mapping[str, Any], configuration: Configuration, site: Server, names: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """Yield the variables of a role and what they have to say, to be what a site is today."""
    if (variable := role.get("redirects")) and (found := redirects(site)):
        yield variable, found
    for variable, backend in (role.get("rewrites") or {}).items():
        if found := rewrites(configuration, site, names, backend):
            yield variable, found
    for variable, place in (role.get("directives") or {}).items():
        if value := setting(configuration, site, place):
            yield variable, value
