"""The codes of picture files, each with what it means and, where asked, what its stub is worth."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from edge import weblink
from edge.codes import Code
from edge.errors import Malformed
from edge.trust import TrustList
from edge.verify import verify
from gateway.cli.output import USAGE, Failure, answer_is_no, emit, say
from gateway.cli.paint import paint, printable
from gateway.cli.progress import Progress
from gateway.keys import TrustStore, public_key, verifier
from gateway.optics import quality
from gateway.optics.elements import understand
from gateway.optics.found import Found, Gray
from gateway.optics.picture import MOST_BYTES, gray
from gateway.optics.read import read_picture
from gateway.stations.codejob import stray
from gateway.stations.orders import product_name


@dataclass(frozen=True)
class Asked:
    """What `code decode` was asked: symbologies as configuration has them, and how."""

    symbologies: tuple[str, ...]
    hard: bool
    trust_file: Path | None
    root: str | None
    hosts: tuple[str, ...]


def decoded(images: tuple[Path, ...], asked: Asked, as_json: bool) -> None:
    """Read each picture and tell its codes; exit status 1 where one has none, or a verdict is not green."""
    trust = None
    if asked.trust_file is not None:
        root = public_key(asked.root).public if asked.root else None
        trust = TrustStore(asked.trust_file, root).load()
    is_seen = sys.stdout.isatty()  # the answers themselves are
    with Progress("pictures", len(images), not as_json and not is_seen) as bar:
        answers = []
        for image in images:
            answers.append(_picture(image, asked, trust, as_json))
            bar.step(image.name)
    if not all(answers):
        answer_is_no()


def _picture(image: Path, asked: Asked, trust: TrustList | None, as_json: bool) -> bool:
    """Whether the picture has a code, and each is what was asked for."""
    data = _read(image)
    try:
        reading = read_picture(data, asked.symbologies, asked.hard)
        pixels = gray(data)
    except Malformed as why:
        say(f"{image}: {why}")
        return False
    for each in reading.doubtful:
        say(f"{image}: {each.symbology} {_shown(each.data)}: one pass alone read it: not counted")
    if not reading.found:
        located = f"; {reading.unreadable} located, not readable" if reading.unreadable else ""
        say(f"{image}: no code was read{located}")
    answer = bool(reading.found)
    for found in reading.found:
        code = understand(found.aim, found.data, asked.hosts)
        fault = code.fault
        if code.link is not None and not fault:
            fault = "; ".join(weblink.faults(code.link, asked.hosts))
        told = {"image": image, **_told(pixels, found, code), "ms": round(reading.ms, 1)}
        told["fault"] = fault
        if trust is not None:
            verdict = _verdict(code, trust, fault, asked.hosts)
            told |= verdict
            answer = answer and verdict["colour"] == "green"
        if as_json:
            emit(told)
        else:
            _print(told)
    return answer


def _told(pixels: Gray, found: Found, code: Code) -> dict[str, Any]:
    seen = quality.of(pixels, found)
    return {
        "symbology": found.symbology,
        "aim": found.aim,
        "text": code.text,
        "bytes": found.data,
        "position": [list(corner) for corner in found.corners],
        "orientation_deg": found.orientation_deg,
        "engine": found.engine,
        "pass": found.how,
        "grade": quality.grade(seen, found.symbology),
        "quality": {
            name: None if value is None else round(value, 3)
            for name, value in seen._asdict().items()
        },
        "form": code.form,
        "url": code.link,
        "stub": code.stub,
        "elements": [list(each) for each in code.elements],
        "product": product_name(code.product) or None,
    }


def _verdict(code: Code, trust: TrustList, fault: str, hosts: tuple[str, ...]) -> dict[str, Any]:
    """The verdict on the stub in a code, and the code's colour; a code without a stub is unsigned."""
    verdict, _ = verify(code.stub or b"", trust, verifier, int(time.time()), link=code.link)
    doubt = fault or stray(verdict, hosts)
    colour = "red" if fault else "amber" if doubt else verdict.colour()
    return {"verdict": verdict.as_dict(), "colour": colour, "reason": doubt or verdict.why()}


def _print(told: dict[str, Any]) -> None:
    click.echo(f"{told['image']}: {told['symbology']} {told['aim']}, grade {told['grade']}")
    click.echo(f"  {printable(told['text']) if told['text'] is not None else told['bytes'].hex()}")
    if told["product"]:
        click.echo(f"  product {printable(told['product'])}")
    if "colour" in told:
        words = ", ".join(f"{name} {word}" for name, word in told["verdict"].items())
        click.echo(
            f"  {paint(told['colour'], told['colour'])}: {printable(told['reason'])} ({words})"
        )
    if told["fault"]:
        click.echo(f"  refused: {printable(told['fault'])}")


def _shown(data: bytes) -> str:
    text = data.decode("utf-8", "replace")[:60]
    return text if text.isprintable() else repr(text)


def _read(image: Path) -> bytes:
    try:
        with image.open("rb") as source:
            return source.read(MOST_BYTES + 1)
    except OSError as why:
        raise Failure(f"cannot read {image}: {why.strerror}", USAGE) from why
