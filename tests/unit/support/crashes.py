"""Killing a piece of code before each single operation that it makes on the file system.

It runs in a forked child that ends with os._exit in place of the n-th operation: as with SIGKILL no except, finally or atexit of
the code under test runs, so what is on disk is what a crash leaves.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterable
from typing import Any

# Those that change what another process would find. Files are written between creating and renaming them.
OPERATIONS = ("mkdir", "rename", "unlink", "rmdir", "fchmod", "open")
KILLED = 137
# How many of them a child has made.
counted_operations = 0


def killed_before(operation: int, run: Callable[[], Any], also: Iterable[tuple[Any, str]] = ()) -> bool:
    """Run in a child that dies before its n-th operation; say whether it did, or finished before that.

    Also are further operations to count, each as its owner and its name.
    """
    child = os.fork()
    if child == 0:

        def counted(real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: Any, **kwargs: Any) -> Any:
                global counted_operations
                counted_operations += real.__name__ != "open" or bool(args[1] & os.O_CREAT)
                if counted_operations >= operation:
                    os._exit(KILLED)
                return real(*args, **kwargs)

            return call

        for owner, name in [*((os, name) for name in OPERATIONS), *also]:
            setattr(owner, name, counted(getattr(owner, name)))
        status = 1
        try:
            run()
            status = 0
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(status)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, KILLED)
    return code == KILLED
