"""Completion as a shell does it: a real bash, zsh and fish on a real terminal, where somebody types TAB."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from witness import require

from gateway.cli.main import main
from tests.terminal import Terminal

PROMPT = "ready> "


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A `tagwright` on a PATH of its own."""
    there = tmp_path / "bin" / "tagwright"
    there.parent.mkdir()
    there.write_text(
        f"#!{sys.executable}\nfrom gateway.cli.main import main\nmain(prog_name='tagwright')\n"
    )
    there.chmod(0o755)
    return there


STARTS = {
    "bash": (
        ("bash", "--norc", "--noprofile", "-i"),
        "bind 'set bell-style none'; eval \"$(tagwright completion bash)\"",
    ),
    "zsh": (
        ("zsh", "-f", "-i"),
        'unsetopt beep; autoload -U compinit; compinit -u -D; eval "$(tagwright completion zsh)"',
    ),
    "fish": (("fish", "--no-config", "-i"), "tagwright completion fish | source"),
}


@pytest.mark.parametrize("name", STARTS)
def test_a_shell_completes_commands_options_readers_and_files(
    name: str, program: Path, tmp_path: Path
) -> None:
    require(shutil.which(name), name)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "orders-of-may.csv").touch()
    (tmp_path / "ttyLINE7").touch()
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    command, begin = STARTS[name]
    with Terminal(
        *command, columns=200, cwd=tmp_path / "work",
        PATH=path, PS1=PROMPT, HOME=os.fspath(tmp_path), PYTHONPATH=os.pathsep.join(sys.path),
    ) as shell:  # fmt: skip
        shell.type(f"{begin}; echo it''stands\n")
        shell.until("itstands")
        for typed, whole in (
            ("tagwright jour", "tagwright journal "),
            ("tagwright job run --idle 5 --over", "tagwright job run --idle 5 --overwrite "),
            (
                f"tagwright tag read --reader pn\t{tmp_path}/tty",
                f"tagwright tag read --reader pn532:{tmp_path}/ttyLINE7 ",
            ),
            (
                f"tagwright tag read --reader=m100:{tmp_path}/tty",
                f"tagwright tag read --reader=m100:{tmp_path}/ttyLINE7 ",
            ),
            ("tagwright job run ord", "tagwright job run orders-of-may.csv "),
            ("tagwright key new --curve p", "tagwright key new --curve p256 "),
        ):
            if name == "fish" and "--reader=" in typed:
                continue  # click's script for fish leaves that out
            shell.shown = ""
            shell.type(f"{typed}\t")
            shell.until(whole)
            shell.type("\x15")  # Ctrl-U
        shell.type("exit\n")
        assert shell.end() == 0


@pytest.mark.parametrize("shell", ["bash", "fish", "zsh"])
def test_each_shell_has_a_script(shell: str) -> None:
    done = CliRunner().invoke(main, ["completion", shell])
    assert done.exit_code == 0
    assert f"_TAGWRIGHT_COMPLETE={shell}_complete" in done.stdout
    if syntax := shutil.which(shell):
        assert os.spawnl(os.P_WAIT, syntax, shell, "-n", "-c", done.stdout) == 0


def test_an_unknown_shell_is_told_which_there_are() -> None:
    done = CliRunner().invoke(main, ["completion", "tcsh"])
    assert done.exit_code == 2 and "'bash', 'fish', 'zsh'" in done.stderr
