"""The TCP way to a gateway, against a socket of this machine."""

import os
import socket
from time import sleep

from expect import raises

from reader import tcp
from reader.errors import DeviceTrouble

NOT_ON = ("wasm",)  # it has no sockets

_TURNS = 400


def listening():
    """A socket that listens, and "HOST:PORT"."""
    while True:
        noise = os.urandom(2)
        port = 20000 + (noise[0] << 7 | noise[1] >> 1)
        server = socket.socket()
        try:
            server.bind(socket.getaddrinfo("127.0.0.1", port)[0][-1])
        except OSError:
            server.close()
            continue
        server.listen(1)
        return server, f"127.0.0.1:{port}"


def finished(generator):
    """What it returns; it may wait a few ms in between."""
    for _ in range(_TURNS):
        try:
            sleep(next(generator) / 20000)
        except StopIteration as end:
            return end.value
    raise AssertionError("it never ends")


def received(stream, size):
    data = b""
    for _ in range(_TURNS):
        data += stream.read()
        if len(data) >= size:
            break
        sleep(0.001)
    return data


def connected():
    server, address = listening()
    closed = []
    stream = finished(tcp.connect(address, lambda: closed.append(True)))
    peer = server.accept()[0]
    server.close()
    return stream, peer, closed


def test_bytes_go_both_ways():
    stream, peer, closed = connected()
    assert stream.read() == b""
    assert stream.write(b"hello") == 5
    assert peer.recv(16) == b"hello"
    peer.send(b"welcome")
    assert received(stream, 7) == b"welcome"
    stream.close()
    assert closed == [True]
    assert peer.recv(16) == b""
    peer.close()


def test_a_peer_that_does_not_read_takes_no_more():
    stream, peer, _ = connected()
    taken = 1
    total = 0
    while taken:
        taken = stream.write(bytes(8192))
        total += taken
    assert total > 8192
    stream.close()
    peer.close()


def test_a_peer_that_closes_is_told():
    stream, peer, closed = connected()
    peer.close()
    raises(OSError, received, stream, 1)
    stream.close()
    assert closed == [True]


def test_nobody_at_the_address_is_told():
    server, address = listening()
    server.close()
    assert address in raises(DeviceTrouble, finished, tcp.connect(address, list))


def test_what_is_no_address_is_told():
    for address in ("", "host", "host:", "127.0.0.1:x", "127.0.0.1:99999"):
        raises(DeviceTrouble, finished, tcp.connect(address, list))
