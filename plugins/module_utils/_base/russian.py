# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Our sentences in Russian, by their English templates: a file for each room that says some.

Messages of other programs stay as they are.
"""

from __future__ import annotations

from .russian_notify import RUSSIAN_NOTIFY
from .russian_verify import RUSSIAN_VERIFY

RUSSIAN = {**RUSSIAN_NOTIFY, **RUSSIAN_VERIFY}
