"""The field modulo 2**255 - 19 as a machine with 16 registers; field_viper.py is the same in machine code.

A program is text of steps, six bytes each, and a full stop: b"A=X*X B=A+O ." squares X, and copies it as O is 0.
Operations are *, + and -; a register is named by a letter, its number is the letter's code modulo 16; it starts as 0.
The operands of a product may be sums whose terms, multiplied, are at most 6; what `load` made counts as two terms.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    File = list[int]

_P = 2**255 - 19


def registers() -> "File":
    """A file of registers."""
    return [0] * 16


def load(file: "File", register: "int", data: "bytes", at: "int") -> None:
    """Put the 32 bytes of `data` at `at` (little-endian, below 2**255) into a register, given by its letter's code."""
    file[register & 15] = int.from_bytes(data[at : at + 32], "little")


def value(file: "File", register: "int") -> "int":
    """What a register holds, 0 .. 2**255 - 20."""
    return file[register & 15] % _P


def run(program: "bytes", file: "File", times: "int") -> None:
    """Run the program `times` times."""
    for _ in range(times):
        for at in range(0, len(program) - 1, 6):
            left = file[program[at + 2] & 15]
            operation = program[at + 3]
            right = file[program[at + 4] & 15]
            if operation == 42:  # *
                left = left * right % _P
            elif operation == 43:  # +
                left += right
            else:
                left -= right
            file[program[at] & 15] = left
