"""The way to an LLRP reader: each failure of it names its reason and its remedy, in one line."""

import asyncio
import errno
import socket
import ssl
from pathlib import Path

import pytest
from llrp_peer import play, scripted

from gateway.config import ConfigProblem
from gateway.model import ReaderGone
from gateway.readers.llrp import LlrpPort
from gateway.readers.llrp_reach import ended, tls_context, unreached
from hwsim import llrp_tls

REMEDY = ": check its address and power, and that LLRP is enabled"


def test_a_port_where_nobody_listens_is_told_with_the_systems_reason_and_a_remedy() -> None:
    async def work() -> None:
        async with scripted() as peer:
            number = peer.port
        for host in ("127.0.0.1", "localhost"):
            with pytest.raises(ReaderGone) as told:
                await LlrpPort(host, number).open()
            text = f"{host}:{number}: cannot connect: connection refused{REMEDY}"
            assert str(told.value) == text

    play(work())


@pytest.mark.parametrize(
    ("why", "reason"),
    [
        (
            OSError(errno.EHOSTUNREACH, "Connect call failed ('192.0.2.7', 5084)"),
            "no route to host",
        ),
        (OSError(errno.ENETUNREACH, "Connect call failed"), "network is unreachable"),
        (
            OSError("Multiple exceptions: [Errno 111] a, [Errno 101] b"),
            "connection refused, network",
        ),
        (TimeoutError(), "timed out: check"),
        (OSError(errno.ETIMEDOUT, "Connect call failed"), "timed out: check"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "no such host: check"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), "no address \\(Temporary failure"),
    ],
)
def test_what_the_system_says_is_told_in_its_words(why: OSError, reason: str) -> None:
    with pytest.raises(ReaderGone, match=f"cannot connect: {reason}"):
        raise ReaderGone(unreached(why, False))


def test_tls_to_a_port_that_speaks_none_is_told_so() -> None:
    async def work() -> None:
        async with scripted() as peer:
            with pytest.raises(ReaderGone, match=r"speaks no TLS there: leave --tls out"):
                await LlrpPort("127.0.0.1", peer.port, ssl.create_default_context()).open()

    play(work())


def test_a_peer_that_hangs_up_on_tls_may_speak_none() -> None:
    async def work() -> None:
        async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        async with server:
            number = server.sockets[0].getsockname()[1]
            with pytest.raises(ReaderGone, match="perhaps it speaks no TLS"):
                await LlrpPort("127.0.0.1", number, ssl.create_default_context()).open()

    play(work())


def test_an_alert_asks_for_our_certificate() -> None:
    why = ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] certificate required")
    why.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    for text in (ended(why), unreached(why, True)):
        assert "alert certificate required" in text and "--cert and --key" in text
    assert ended(None) == "the connection ended"


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("papers")
    for name in ("ours", "other"):
        cert, key = llrp_tls.self_signed(["127.0.0.1", name])
        (folder / f"{name}.pem").write_bytes(cert)
        (folder / f"{name}.key").write_bytes(key)
    return folder


@pytest.mark.parametrize(
    ("cert", "key", "text"),
    [
        ("ours.pem", None, "cert .*ours.pem: it holds no private key: name .*--key, or key="),
        ("ours.key", None, "cert .*ours.key: it holds no certificate"),
        ("ours.key", "ours.pem", "cert .*ours.key: it holds no certificate"),
        ("ours.pem", "other.pem", "key .*other.pem: it holds no private key"),
        ("ours.pem", "other.key", "key .*other.key: .* not that of the certificate .*ours.pem"),
        ("ours.pem", "none.key", "key .*none.key: No such file"),
    ],
)
def test_of_our_two_files_the_wrong_one_is_named(
    papers: Path, cert: str, key: str | None, text: str
) -> None:
    with pytest.raises(ConfigProblem, match=text):
        tls_context(None, papers / cert, papers / key if key else None)


@pytest.mark.parametrize("which", ["ca", "cert"])
def test_a_file_that_is_no_pem_is_named(which: str, tmp_path: Path) -> None:
    file = tmp_path / f"{which}.pem"
    with pytest.raises(ConfigProblem, match=f"{which} .*{which}.pem"):
        tls_context(**{"ca": None, "cert": None, "key": None, which: file})
    file.write_text("no PEM")
    with pytest.raises(ConfigProblem, match=f"{which} .*{which}.pem"):
        tls_context(**{"ca": None, "cert": None, "key": None, which: file})


def test_a_key_needs_its_certificate(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblem, match="needs its certificate"):
        tls_context(None, None, tmp_path / "key.pem")


def test_certificates_are_always_verified() -> None:
    context = tls_context(None, None, None)
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
