"""`tagwright completion`: the script by which a shell completes our commands, options and readers."""

import os
from pathlib import Path
from typing import Any

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)

from gateway.cli.page import Page

_VARIABLE = "_TAGWRIGHT_COMPLETE"  # click's, of a program called tagwright
_SERIAL = ("/dev/serial/by-id/*", "/dev/ttyUSB*", "/dev/ttyACM*", "/dev/ttyAMA*")
_TAG_READERS = {"pn532": _SERIAL, "m100": _SERIAL, "nfcpy": (), "llrp": (), "llrps": ()}
_CODE_READERS = {"camera": ("/dev/v4l/by-id/*", "/dev/video*"), "scanner": _SERIAL}
_OF_A_NETWORK = ("llrp", "llrps")

_BASH = """\
# tagwright's completion for bash 4.4 and later:  eval "$(tagwright completion bash)"
%(complete_func)s() {
    local IFS=$'\\n' response completion type value
    local line=${COMP_LINE:0:COMP_POINT} word=${COMP_WORDS[COMP_CWORD]}
    # readers hold colons, at which bash parts words: what stands before the last one is not repeated
    local whole=${line##*[[:space:]]}
    whole=${whole#--*=}
    [[ $word == [:=] ]] && word=
    local before=${whole%%"$word"}

    response=$(env COMP_WORDS="$line" %(complete_var)s=bash_complete "$1")

    COMPREPLY=()
    for completion in $response; do
        IFS=',' read -r type value <<< "$completion"
        if [[ $type == 'dir' ]]; then
            compopt -o dirnames
        elif [[ $type == 'file' ]]; then
            compopt -o default
        elif [[ $type == 'plain' ]]; then
            [[ $value == *[:=] ]] && compopt -o nospace
            COMPREPLY+=("${value#"$before"}")
        fi
    done
    return 0
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class _Bash(BashComplete):
    """Words are parted at blanks alone: a reader with its colons is one."""

    source_template = _BASH

    def source(self) -> str:
        return self.source_template % self.source_vars()  # no bash is started to ask its version

    def get_completion_args(self) -> tuple[list[str], str]:
        line = os.environ["COMP_WORDS"]
        words = split_arg_string(line)
        incomplete = words.pop() if words and not line[-1:].isspace() else ""
        return words[1:], incomplete


class _Zsh(ZshComplete):
    """What begins a reader is not ended by a blank."""

    source_template = ZshComplete.source_template.replace(
        "compadd -U -V unsorted -a completions",
        """local -a begun=(${(M)completions:#*[:=/]}) whole=(${completions:#*[:=/]})
        (( $#begun )) && compadd -U -V unsorted -S '' -a begun
        (( $#whole )) && compadd -U -V unsorted -a whole""",
    )


_SHELLS = {"bash": _Bash, "fish": FishComplete, "zsh": _Zsh}


@click.command(cls=Page, no="it was stopped", trouble="the answer could not be written")
@click.argument("shell", type=click.Choice(sorted(_SHELLS)), help="The shell that will read it.")
def completion(shell: str) -> None:
    """Print the script by which a shell completes commands, options, files and readers.

    For good: put the line of your shell into its start file. bash needs version 4.4.

    \b
    Example:  eval "$(tagwright completion bash)"                                    in ~/.bashrc
              eval "$(tagwright completion zsh)"                                     in ~/.zshrc
              tagwright completion fish > ~/.config/fish/completions/tagwright.fish  once
    """
    root = click.get_current_context().find_root().command
    click.echo(_SHELLS[shell](root, {}, "tagwright", _VARIABLE).source(), nl=False)


def register() -> None:
    """Make bash's completion ours, before click is asked for it."""
    add_completion_class(_Bash)


def reader(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem[Any]]:
    """What a READER of tags may begin with: schemes, and the ports that are there now."""
    return _begun(incomplete, _TAG_READERS)


def code_reader(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem[Any]]:
    """The same of cameras and scanners."""
    return _begun(incomplete, _CODE_READERS)


def _begun(incomplete: str, schemes: dict[str, tuple[str, ...]]) -> list[CompletionItem[Any]]:
    scheme, colon, path = incomplete.partition(":")
    if not colon:
        return [
            CompletionItem(f"{each}://" if each in _OF_A_NETWORK else f"{each}:")
            for each in schemes
            if each.startswith(scheme)
        ]
    found = [each for pattern in schemes.get(scheme, ()) for each in _paths(pattern)]
    near = [each for each in found if each.startswith(path)]
    if not near and path.startswith("/") and schemes.get(scheme):
        near = _paths(f"{path}*")
    return [CompletionItem(f"{scheme}:{each}") for each in near]


def _paths(pattern: str) -> list[str]:
    """What is called so now; a folder with a slash behind it."""
    folder, name = os.path.split(pattern)
    found = sorted(Path(folder).glob(name)) if not set(folder) & set("*?[") else []
    return [f"{each}/" if each.is_dir() else str(each) for each in found]
