"""`tagwright code` as scripts use it: JSON shapes, exit statuses, and labels that are the same when made again."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from edge import printed, stub
from gateway.cli.main import main
from gateway.optics.label import Label
from gateway.optics.png import png
from gateway.optics.symbol import symbol

LINK = "https://id.example.com/01/09520123456788/21/A1"
CLAIMS = {
    "product": {"scheme": "gs1", "gtin": "09520123456788", "serial": "A1"},
    "digest": "11" * 32,
    "issued_at": 1790000000,
    "totals": {"41": 1000},
}
ORDERS = f"""gtin,serial,digest
09520123456788,A1,{"11" * 32}
09520123456788,B/2,{"22" * 32}
"""


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


def answers(*arguments: object, status: int = 0) -> list[Any]:
    result = call(*arguments, "--json")
    assert result.exit_code == status, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def line(tmp_path: Path) -> Path:
    """A folder with a key, a trust list that names it, claims and orders."""
    answers("key", "new", "--out", tmp_path / "a.key", "--no-passphrase", "--operator", "NL-ACME")
    answers("key", "trust", "--add", tmp_path / "a.key", "--out", tmp_path / "trust.cbor")
    (tmp_path / "claims.json").write_text(json.dumps(CLAIMS))
    (tmp_path / "orders.csv").write_text(ORDERS)
    return tmp_path


def signed(line: Path) -> list[object]:
    return ["--claims", line / "claims.json", "--key", line / "a.key"]


@pytest.mark.parametrize("symbology", ["qr", "datamatrix"])
def test_a_label_is_made_told_read_and_verified(line: Path, symbology: str) -> None:
    out = line / "label.png"
    made = answers(
        *("code", "make", "--url", LINK, *signed(line), "--symbology", symbology, "--out", out)
    )[0]
    assert made["out"] == str(out) and made["url"] == LINK
    assert made["form"] in printed.FORMS and made["stub_bytes"] > 100
    assert made["symbology"] == symbology and made["dpi"] == 300 and made["dots"] == 5
    found = answers("code", "decode", out, "--trust", line / "trust.cbor")[0]
    assert found["image"] == str(out)
    assert found["symbology"] == {"qr": "QRCode", "datamatrix": "DataMatrix"}[symbology]
    assert found["aim"] == {"qr": "]Q1", "datamatrix": "]d1"}[symbology]
    assert found["text"] == made["text"] and bytes.fromhex(found["bytes"]) == made["text"].encode()
    assert len(found["position"]) == 4 and found["orientation_deg"] == 0
    assert found["product"] == "09520123456788/A1" and found["fault"] == ""
    assert found["verdict"]["binding"] == "not_bound" and found["colour"] == "green"
    assert found["engine"] == "zxing" and found["grade"] == "A" and found["ms"] > 0
    claims = stub.decode(bytes.fromhex(found["stub"])).claims
    assert stub.CARRIER not in claims and claims[stub.SEQ] == 0


def test_a_code_that_nobody_signed_is_no_answer_to_trust(line: Path) -> None:
    out = line / "label.png"
    answers("code", "make", "--url", LINK, "--out", out)
    assert answers("code", "decode", out)[0]["stub"] is None
    found = answers("code", "decode", out, "--trust", line / "trust.cbor", status=1)[0]
    assert found["verdict"]["integrity"] == "unsigned" and found["colour"] == "amber"


@pytest.mark.parametrize(
    ("link", "hosts", "colour", "why"),
    [
        (LINK, ("other.example",), "red", "host id.example.com is not one of"),
        (LINK.replace("https", "http"), (), "red", "must be https"),
        ("https://evil.example/", (), "amber", "names no product"),
        (LINK.replace("A1", "B2"), (), "red", "the link beside it names another product"),
    ],
)
def test_a_copied_stub_does_not_make_a_link_green(
    line: Path, link: str, hosts: tuple[str, ...], colour: str, why: str
) -> None:
    text = printed.join(link, signed_stub(line), printed.BASE32)
    label = Label(symbol(text, "qr"))
    (line / "label.png").write_bytes(png(label, 4, 300))
    options = [part for host in hosts for part in ("--link-host", host)]
    found = answers(
        *("code", "decode", line / "label.png", "--fast", "--trust", line / "trust.cbor"),
        *options,
        status=1,
    )[0]
    assert found["colour"] == colour and why in found["reason"]
    assert found["verdict"]["integrity"] == "valid"


def test_the_smaller_form_is_taken_and_one_can_be_asked_for(line: Path) -> None:
    (line / "stub.hex").write_text(signed_stub(line).hex())
    sizes = {}
    for form in ("auto", *printed.FORMS):
        made = answers(
            *("code", "make", "--url", LINK, "--stub", line / "stub.hex", "--form", form)
        )[0]
        sizes[form] = made["modules"][0]
        assert form in ("auto", made["form"])
        assert printed.split(made["text"])[1] == signed_stub(line)
    assert sizes["auto"] == min(sizes.values())


def signed_stub(line: Path) -> bytes:
    made = answers("stub", "encode", "--claims", line / "claims.json", "--key", line / "a.key")
    return bytes.fromhex(made[0]["stub"])


def test_a_stub_that_is_bound_to_a_tag_is_not_printed(line: Path) -> None:
    made = answers("stub", "encode", *signed(line), "--uid", "04a1b2c3d4e5f6")[0]
    (line / "stub.bin").write_bytes(bytes.fromhex(made["stub"]))
    result = call("code", "make", "--url", LINK, "--stub", line / "stub.bin")
    assert result.exit_code == 1 and "print has no identity" in result.stderr


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("http://id.example.com/01/09520123456788/21/A1", "https"),
        ("https://id.example.com:8443/01/09520123456788/21/A1", "port 8443"),
        ("https://user:hush@id.example.com/01/09520123456788/21/A1", "user-info"),
        ("https://id.exämple.com/01/09520123456788/21/A1", "U+00E4"),
        ("https://id.example.com/01/09520123456788", "serial"),
        ("https://id.example.com/01/09520123456788/21/A2", "another product"),
        ("https://id.example.com/01/09520123456788/21/A1#x", "fragment"),
    ],
)
def test_a_link_that_fails_the_pre_flight_is_refused(line: Path, link: str, why: str) -> None:
    out = line / "label.svg"
    result = call("code", "make", "--url", link, *signed(line), "--out", out)
    assert result.exit_code == 1 and why in result.stderr
    assert len(result.stderr.splitlines()) == 1 and not out.exists()
    assert "hush" not in result.output


def test_a_host_that_is_not_allowed_is_refused(line: Path) -> None:
    assert call("code", "make", "--url", LINK, "--link-host", "id.example.com").exit_code == 0
    result = call("code", "make", "--url", LINK, "--link-host", "id.example.org")
    assert result.exit_code == 1 and "id.example.org" in result.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        ["--url", LINK, "--orders", "orders.csv"],
        ["--url", LINK, "--claims", "claims.json"],
        ["--url", LINK, "--key", "a.key"],
        ["--url", LINK, "--out-dir", "."],
        ["--url", LINK, "--out", "label.pdf"],
        ["--url", LINK, "--out", "none/label.svg"],
        ["--url", LINK, "--out", "label.zpl", "--dpi", "250"],
        ["--url", LINK, "--module-mm", "nan"],
        ["--url", LINK, "--text", "a\nb"],
        ["--url", LINK, *(word for each in range(20) for word in ("--text", str(each)))],
        ["--orders", "orders.csv"],
        ["--orders", "none.csv", "--out-dir", "labels"],
        ["--orders", "orders.csv", "--out-dir", "labels", "--stub", "stub.bin"],
    ],
)
def test_wrong_usage_is_one_line_and_status_2(
    line: Path, monkeypatch: pytest.MonkeyPatch, wrong: list[str]
) -> None:
    monkeypatch.chdir(line)
    result = call("code", "make", *wrong)
    assert result.exit_code == 2, result.output
    assert len(result.stderr.splitlines()) == 1


def test_people_are_told_the_size_and_what_speaks_against_it(line: Path) -> None:
    result = call("code", "make", "--url", LINK, "--module-mm", 0.2, "--dpi", 203)
    assert result.exit_code == 0
    assert "QR Code version 3-M, 29 x 29 modules" in result.stdout
    assert "9.3 x 9.3 mm" in result.stdout and "no smaller than 14.7 x 14.7 mm" in result.stdout
    assert "0.396" in result.stderr and "2 dots" in result.stderr


def test_orders_become_labels_and_are_the_same_when_made_again(line: Path) -> None:
    make = ["code", "make", "--orders", line / "orders.csv", "--key", line / "a.key"]
    folder = line / "labels"
    *rows, summary = answers(*make, "--out-dir", folder)
    assert [each["outcome"] for each in rows] == ["made", "made"]
    assert summary == {
        "rows": 2,
        "made": 2,
        "kept": 0,
        "refused": 0,
        "labels": str(folder / "labels.csv"),
    }
    files = {path.name: path.read_bytes() for path in folder.glob("*.svg")}
    assert sorted(files) == ["000001-09520123456788-A1.svg", "000002-09520123456788-B-2.svg"]
    (folder / "000002-09520123456788-B-2.svg").unlink()
    *again, summary = answers(*make, "--out-dir", folder)
    assert [each["outcome"] for each in again] == ["kept", "made"]
    assert [each["text"] for each in again] == [each["text"] for each in rows]
    assert {path.name: path.read_bytes() for path in folder.glob("*.svg")} == files
    *printers, _ = answers(*make, "--out-dir", folder, "--format", "zpl")
    assert [each["text"] for each in printers] == [each["text"] for each in rows]


def test_labels_are_signed_anew_when_that_is_asked_for(line: Path) -> None:
    make = ["code", "make", "--orders", line / "orders.csv", "--out-dir", line / "labels"]
    alone = answers(*make)[:-1]
    assert [each["form"] for each in alone] == [None, None]
    first = answers(*make, "--key", line / "a.key")[:-1]
    assert all(each["stub_bytes"] for each in first)
    kept = (line / "labels" / "labels.csv").read_text()
    answers(*make, "--key", line / "a.key", "--again")
    assert len((line / "labels" / "labels.csv").read_text().splitlines()) == 7
    assert (line / "labels" / "labels.csv").read_text().startswith(kept)


def test_a_kept_label_is_of_what_is_ordered_and_as_it_was_signed(line: Path) -> None:
    make = ["code", "make", "--orders", line / "orders.csv", "--out-dir", line / "labels"]
    make += ["--key", line / "a.key"]
    first = [each["text"] for each in answers(*make)[:-1]]
    kept = line / "labels" / "labels.csv"
    evil = first[0].replace("id.example.com", "evil.example")
    bad = first[1][:-9] + ("B" if first[1][-9] == "A" else "A") + first[1][-8:]
    kept.write_text(kept.read_text().replace(first[0], evil).replace(first[1], bad))
    again = [each["text"] for each in answers(*make)[:-1]]
    assert again[0] == first[0]  # the stub was whole, and the link is the order's
    assert bad not in again
    rows = (
        ORDERS.replace("digest", "digest,total_41")
        .replace("11\n", "11,7\n")
        .replace("22\n", "22,\n")
    )
    (line / "orders.csv").write_text(rows)
    changed = [each["text"] for each in answers(*make)[:-1]]
    assert stub.decode(printed.split(changed[0])[1] or b"").claims[stub.TOTALS] == {41: 7}
    assert changed[1] == again[1]
    spelled = [each["text"] for each in answers(*make, "--form", "base32")[:-1]]
    assert [printed.split(each) for each in spelled] == [printed.split(each) for each in changed]
    assert "#s=2" in spelled[0]


def test_a_row_that_is_no_order_is_refused_and_the_rest_goes_on(line: Path) -> None:
    file = line / "orders.csv"
    file.write_text(ORDERS + f"09520123456789,C,{'33' * 32}\n09520123456788,D,{'44' * 32}\n")
    *rows, summary = answers(
        *("code", "make", "--orders", file, "--out-dir", line / "labels"), status=1
    )
    assert [each["outcome"] for each in rows] == ["made", "made", "refused", "made"]
    assert rows[2]["row"] == 3 and "check digit" in rows[2]["reason"]
    assert summary["refused"] == 1


def test_a_picture_without_a_code_is_a_no_and_the_others_are_read(line: Path) -> None:
    out = line / "label.png"
    answers("code", "make", "--url", LINK, "--out", out)
    empty = line / "empty.png"
    answers("code", "make", "--url", LINK, "--symbology", "datamatrix", "--out", empty)
    (line / "no.jpg").write_bytes(b"\xff\xd8 not a picture")
    result = call("code", "decode", line / "no.jpg", empty, out, "--symbology", "qr", "--json")
    assert result.exit_code == 1
    assert [json.loads(each)["text"] for each in result.stdout.splitlines()] == [LINK]
    assert str(line / "no.jpg") in result.stderr and "no code was read" in result.stderr
    assert call("code", "decode", line / "none.png").exit_code == 2


def test_help_needs_neither_opencv_nor_zxing() -> None:
    script = (
        "import sys\nfrom gateway.cli.main import main\n"
        "main(['code', 'make', '--help'], standalone_mode=False)\n"
        "sys.exit(bool({'cv2', 'numpy', 'zxingcpp'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
