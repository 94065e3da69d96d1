"""For a test server (demo/server.py): what zipimport has compiled, it does not compile again.

Each of Ansible's modules comes as a zip of sources, which Python compiles twice every time (zipimport keeps nothing).
"""

import _imp
import marshal
import os
import zipimport

DIRECTORY = os.environ.get("KEPT_COMPILED") or "/run/keep_compiled"
KEY = int.from_bytes(b"quick")
compile_anew = zipimport._compile_source


def compile_once(path, source):
    """Return the code of a source; it has the path of whoever was compiled first."""
    kept = f"{DIRECTORY}/{_imp.source_hash(KEY, source).hex()}"
    try:
        with open(kept, "rb") as file:
            return marshal.load(file)  # noqa: S302
    except OSError:
        code = compile_anew(path, source)
    try:
        os.makedirs(DIRECTORY, exist_ok=True)
        with open(f"{kept}.{os.getpid()}", "wb") as file:
            marshal.dump(code, file)
        os.replace(file.name, kept)
    except OSError:
        pass  # Such as for a user who may not write there.
    return code


zipimport._compile_source = compile_once
