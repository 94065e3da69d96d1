# Copyright (c) 2026, RareBooks platform developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a module begins and ends that changes one app of the live release, whatever it changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._base import libraries
from .._base.errors import describe, facts_of
from .._switch.options import Invocation
from .options import Options

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

Work = Callable[[Options, Invocation], dict[str, Any]]


def carry_out(module: AnsibleModule, work: Work) -> None:
    """Do the work, and let the module end with its result, or say why there is none; what says nothing else was refused."""
    libraries.require(module, libraries.DOCKER, libraries.REQUESTS)
    invocation = Invocation(module.check_mode, module._diff, lambda: module.tmpdir, module.run_command)
    try:
        result = work(Options.from_params(module.params), invocation)
    except Exception as error:
        module.fail_json(msg=describe(error), **{"result": "refused", "restored": "", **facts_of(error)})
    module.exit_json(**result)
