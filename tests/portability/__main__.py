"""python -m tests.portability FOLDER...: the lint over all modules below; status 1 where it found something."""

import sys
from pathlib import Path

from tests.portability.lint import findings


def main(folders: list[str]) -> int:
    modules = sorted(path for folder in folders for path in Path(folder).rglob("*.py"))
    found = [f"{path}:{each}" for path in modules for each in findings(path.read_text())]
    print("\n".join(found) or f"portability: {len(modules)} modules are portable")
    return 1 if found or not modules else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
