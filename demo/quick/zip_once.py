"""For a quick server (demo/server.py): what zipimport has compiled it does not compile again."""

import zipimport

compiled = {}
compile_anew = zipimport._get_module_code


def compile_once(importer, name):
    key = (importer.archive, importer.prefix, name)
    if key not in compiled:
        compiled[key] = compile_anew(importer, name)
    return compiled[key]


zipimport._get_module_code = compile_once
