"""What scanners send under fuzz: every dialect takes any bytes, in any pieces, and keeps no more than one message."""

from collections.abc import Callable
from random import Random

from gateway.readers.keymap import Keys
from gateway.readers.scanner_lines import FRAMINGS, LONGEST
from gateway.readers.scanner_presets import CODE_IDS, PRESETS
from gateway.readers.scanner_ssi import Ssi
from gateway.readers.scanner_talk import Dialect, Preset, Talk
from tests.bench.decoder import Broken, Decoder, Run

_LINK = b"https://id.example.com/01/09520123456788/21/A1"
_WORDS = ("read", "no_read", "refused", "lost", "alive")
_PACKETS = [
    bytes.fromhex("09f300000331323334fe37"),
    bytes.fromhex("04d00000ff2c"),
    bytes.fromhex("05d1000002ff28"),
]
_EXAMPLES = {
    "generic": [b"]Q1" + _LINK + b"\r\n", b"\x02]d2010952012345678810LOT\x1d21A\x03", b"x\ty\t"],
    "cognex": [b"||0:123[0]\r\n||[1]XVExaGVsbG8dAP8=\r\n", b"||[104]\r\nNO-READ\r\n", b"||[1]\r\n"],
    "keyence": [b"OK,LON\rABC\rER,LON,20\rERROR\r", b"\x02OK,LOFF\x03\x02x\x03"],
    "honeywell": [b"]A0NR\rNR\r", b"wABC\rc012345678905\r"],
}


def decoders() -> list[Decoder]:
    """All of them."""
    lines = [
        Decoder(f"scanner {name}", _run(_talks(PRESETS[name])), (), examples, share=0.3)
        for name, examples in _EXAMPLES.items()
    ]
    return [
        *lines,
        Decoder("scanner SSI", _run([Ssi]), (), [*_PACKETS, b"".join(_PACKETS)], share=0.3),
        Decoder("scanner keyboard", _keys, (), [b"\x1d\x1e\x1f\x1c"], share=0.1),
    ]


def _talks(preset: Preset) -> list[Callable[[], Dialect]]:
    """The preset in each framing, with and without what an operator may add."""
    more = [(b"", {}), (b",", CODE_IDS["honeywell"])]
    presets = [
        Preset(framing, no_read=preset.no_read, reply=preset.reply, separator=comma, code_ids=ids)
        for framing in FRAMINGS.values()
        for comma, ids in more
    ]
    return [lambda each=each: Talk(each) for each in presets]  # type: ignore[misc]


def _run(dialects: list[Callable[[], Dialect]]) -> Run:
    def run(data: bytes) -> None:
        random = Random(len(data))
        dialect = random.choice(dialects)()
        at = said = 0
        while at < len(data):
            size = random.randrange(1, 40)
            for each in (
                *dialect.receive(data[at : at + size]),
                *(dialect.silence() if not random.getrandbits(4) else ()),
            ):
                if each.word not in _WORDS or (each.word == "read") != bool(each.codes):
                    raise Broken(f"{each.word} with {len(each.codes)} codes")
                said += sum(len(code.data) for code in each.codes)
            at += size
        if said > len(data) + LONGEST:
            raise Broken("it says more than it heard")

    return run


def _keys(data: bytes) -> None:
    keys = Keys()
    for byte in data:
        code, pressed = byte >> 1, byte & 1
        typed = keys.press(code) if pressed else keys.release(code)
        if len(typed) > 1:
            raise Broken("a key is more than a byte")
