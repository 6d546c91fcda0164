"""The house's rules that a program can check: imports, the list of files for a device, and sizes."""

import ast
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOP = {"pyproject.toml", "README.md", "edge", "firmware", "gateway", "tests", "hw-sim"}
BESIDE = {"LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "run"}
LARGEST = 400  # lines; style.md item 1
SANS_IO = {"asyncio", "socket", "threading", "time", "selectors", "select"}
ONE_FILE = {
    "serial": "gateway/readers/line.py",
    "nfc": "gateway/readers/nfcpy.py",
    "httpx2": "gateway/sync/http.py",
    "asyncpg": "gateway/hub/postgres.py",
    "nats": "gateway/jetstream.py",
    "zxingcpp": "gateway/optics/zxing.py",
    "pyzbar": "gateway/optics/zbar.py",
    "pylibdmtx": "gateway/optics/dmtx.py",
    "biip": "gateway/optics/elements.py",
    "sqlite3": None,  # the journal and the hub each own a file of their own
}


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {each.name.split(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_edge_uses_struct_binascii_and_hashlib_alone() -> None:
    allowed = {"edge", "struct", "binascii", "hashlib", "micropython", "tagwright_ed25519"}
    for path in modules("edge"):
        used = {
            node.module or ""
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.ImportFrom)
        }
        typing_only = {"typing", "collections.abc"} & used
        assert not typing_only or "TYPE_CHECKING = False" in path.read_text(), path
        assert imports(path) - {"typing", "collections"} <= allowed, path


def test_the_simulator_imports_nothing_of_ours() -> None:
    for path in modules("hw-sim"):
        assert not imports(path) & {"edge", "gateway", "tests"}, path


def test_the_gateway_never_sees_the_simulator() -> None:
    for path in modules("gateway"):
        assert "hwsim" not in imports(path), path


@pytest.mark.parametrize("library", [name for name, home in ONE_FILE.items() if home])
def test_a_library_for_a_device_or_the_network_is_imported_in_one_file(library: str) -> None:
    users = [
        path.relative_to(ROOT).as_posix() for path in modules("gateway") if library in imports(path)
    ]
    assert users == [ONE_FILE[library]]


def test_threads_start_in_the_reader_files_and_in_the_stores_alone() -> None:
    for path in modules("gateway"):
        where = path.relative_to(ROOT).as_posix()
        if imports(path) & {"threading", "concurrent"}:
            assert where.startswith("gateway/readers/") or where in (
                "gateway/journal.py",
                "gateway/hub/sqlite.py",
            ), where


def test_the_list_of_files_for_a_device_is_the_folder() -> None:
    listed = json.loads((ROOT / "edge" / "package.json").read_text())["urls"]
    assert [each[0] for each in listed] == [
        f"edge/{path.name}" for path in sorted((ROOT / "edge").glob("*.py"))
    ]
    assert all(each[0] == f"edge/{each[1]}" for each in listed)


def test_the_list_of_files_of_the_firmware_is_the_folder() -> None:
    listed = json.loads((ROOT / "firmware" / "package.json").read_text())["urls"]
    paths = sorted(path.relative_to(ROOT / "firmware").as_posix() for path in modules("firmware"))
    assert listed == [[path, path] for path in paths]


def test_a_module_fits_in_one_reading() -> None:
    for path in modules("edge", "firmware", "gateway", "hw-sim"):
        assert len(path.read_text().splitlines()) <= LARGEST, path


def test_every_module_says_what_it_is() -> None:
    for path in modules("edge", "firmware", "gateway", "hw-sim"):
        assert ast.get_docstring(ast.parse(path.read_text())), path


def test_the_top_level_is_fixed() -> None:
    names = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert names >= TOP
    assert names - TOP <= BESIDE | {"dist"}


def test_no_exception_is_caught_blindly() -> None:
    blind = re.compile(r"except\s*:|except\s+(Base)?Exception\b")
    for path in modules("edge", "firmware", "gateway", "hw-sim"):
        assert not blind.search(path.read_text()), path
