"""Runs one case file: every function in it whose name starts with test_, in the order of their names.

For CPython and MicroPython alike: run.py ROOT FILE, ROOT being the folder that holds edge/ and firmware/reader/.
Prints `ok NAME` for each; an exception ends the run with its traceback, and a file without a test ends it too, both
with status 1. Where FILE is a module name (edge.cbor), that module is imported and nothing else.
"""

import gc
import sys


def main(root: "str", file: "str") -> None:
    if hasattr(gc, "threshold"):
        gc.threshold(1024)  # bytes between collections: what is loaded then lies close together
    here = folder(sys.argv[0])
    sys.path.insert(0, root)
    sys.path.insert(0, root + "/firmware")
    if not file.endswith(".py"):
        __import__(file)
        print("ok", file)
        return
    sys.path.insert(0, here)  # `from expect import raises`
    sys.path.insert(0, folder(file))
    case = __import__(file.split("/")[-1][:-3])
    names = sorted([name for name in dir(case) if name.startswith("test_")])
    for name in names:
        gc.collect()
        getattr(case, name)()
        print("ok", name)
    if not names:
        print("no test in", file)
        sys.exit(1)


def folder(path: "str") -> "str":
    return path[: path.rfind("/")] if "/" in path else "."


main(sys.argv[1], sys.argv[2])
