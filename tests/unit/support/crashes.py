"""Killing a piece of code before each single operation that it makes on the file system.

It runs in a forked child that ends with os._exit in place of the n-th operation: as with SIGKILL no except, finally or atexit of
the code under test runs, so what is on disk is what a crash leaves.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

# Those that change what another process would find. Files are written between creating and renaming them.
OPERATIONS = ("mkdir", "rename", "unlink", "rmdir", "fchmod", "open")
KILLED = 137


def killed_before(operation: int, run: Callable[[], Any]) -> bool:
    """Run in a child that dies before its n-th operation; say whether it did, or finished before that."""
    child = os.fork()
    if child == 0:
        count = 0

        def counted(real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: Any, **kwargs: Any) -> Any:
                nonlocal count
                count += real.__name__ != "open" or bool(args[1] & os.O_CREAT)
                if count >= operation:
                    os._exit(KILLED)
                return real(*args, **kwargs)

            return call

        for name in OPERATIONS:
            setattr(os, name, counted(getattr(os, name)))
        status = 1
        try:
            run()
            status = 0
        finally:
            os._exit(status)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, KILLED)
    return code == KILLED
