"""Each rule finds what it is for and lets pass what is right; that MicroPython differs is asked of MicroPython."""

import sys
from pathlib import Path

import pytest
from witness import ROOT, require

sys.path.insert(0, str(ROOT / "tests" / "micropython"))

from interpreters import debian_loader, plain

from tests.portability import present
from tests.portability.__main__ import main
from tests.portability.cases import CASES
from tests.portability.lint import findings
from tests.portability.rules import RULES


@pytest.mark.parametrize("name", CASES)
def test_the_rule_finds_what_it_is_for_and_lets_the_rest_pass(name: str) -> None:
    wrong, right, _ = CASES[name]
    for text in wrong:
        assert name in {each.rule for each in findings(text)}, text
    for text in right:
        assert name not in {each.rule for each in findings(text)}, text


def test_each_rule_has_a_name_of_its_own_and_a_reason() -> None:
    assert [rule.name for rule in RULES] == list(CASES)
    assert all(rule.reason for rule in RULES)


def run_on_micropython(text: str, folder: Path) -> list[str]:
    """Run each snippet; the names of those that raise."""
    require(debian_loader(), "Debian's MicroPython")
    path = folder / "asked.py"
    path.write_text(text)
    return plain(path).split()


ASK = """
for name, text in {questions!r}:
    try:
        exec(text, {{}})
    except Exception:
        print(name)
"""


def test_on_cpython_every_question_has_the_answer_yes() -> None:
    for _, _, question in CASES.values():
        exec(question, {})


@pytest.mark.witness
def test_on_micropython_every_question_has_the_answer_no(tmp_path: Path) -> None:
    questions = [(name, question) for name, (_, _, question) in CASES.items() if question]
    raised = run_on_micropython(ASK.format(questions=questions), tmp_path)
    assert raised == [name for name, _ in questions]


def test_a_comment_with_a_reason_lets_a_line_pass() -> None:
    assert [each.rule for each in findings("a.upper()")] == ["case"]
    assert findings("a.upper()  # portable: ASCII, checked above") == []
    assert findings("f(\n    a.upper(),  # portable: ASCII\n)") == []
    assert findings("# portable: ASCII\na.upper()") == []
    assert findings("b = 1  # portable: ASCII\na.upper()") != []
    assert findings("for a in b.items():  # portable: any order\n    pass") == []
    assert len(findings("for a in b.items():\n    pass  # portable: any order")) == 2


@pytest.mark.parametrize("comment", ["# portable:", "# portable: "])
def test_a_comment_without_a_reason_is_refused(comment: str) -> None:
    assert {each.rule for each in findings(f"a.upper()  {comment}")} == {"case", "opt-out"}


def test_a_comment_where_nothing_is_found_is_refused() -> None:
    assert [each.rule for each in findings("a = 1  # portable: why?")] == ["opt-out"]
    assert findings("a = '# portable: a text'") == []


def test_the_command_tells_file_line_rule_and_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.py").write_text("a = 1\na[::2]\n")
    assert main([str(tmp_path)]) == 1
    assert capsys.readouterr().out.startswith(f"{tmp_path / 'a.py'}:2: slice-step: only lists")
    (tmp_path / "a.py").write_text("a = 1\n")
    assert main([str(tmp_path)]) == 0
    assert main([str(tmp_path / "nothing")]) == 1


SAMPLES = {
    "int": "5",
    "str": "'a'",
    "memoryview": "memoryview(b'a')",
    "hash": "__import__('hashlib').sha256()",
    "function": "(lambda: 5)",
    "generator": "(i for i in (1,))",
    "exception": "ValueError()",
}


@pytest.mark.witness
def test_the_tables_say_what_micropython_has_and_lacks(tmp_path: Path) -> None:
    lacked = [
        (SAMPLES[kind], name)
        for kind, row in present.ABSENT_METHODS.items()
        for name in sorted(row)
    ]
    lacked += [("bytearray(1)", name) for name in sorted(present.BYTEARRAY_LACKS)]
    lacked += [("__import__('builtins')", name) for name in sorted(present.ABSENT_BUILTINS)]
    had = [
        (f"__import__({module!r})", name)
        for module, names in present.MODULES.items()
        for name in sorted(names or ())
        if name not in ("native", "viper")  # the compiler's own
    ]
    text = f"""
for value, name in {lacked!r}:
    if hasattr(eval(value), name):
        print(value + "." + name)
for value, name in {had!r}:
    if not hasattr(eval(value), name):
        print(value + "." + name)
"""
    assert run_on_micropython(text, tmp_path) == []
