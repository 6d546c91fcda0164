"""A trust list that is followed: what is new counts at once, what is broken does not."""

import asyncio
from pathlib import Path

import pytest

from edge.trust import TrustList
from gateway import trust_file
from gateway.keys import DeviceKey, KeyProblem, TrustStore
from gateway.trust_file import TrustFile

NOW = 1_790_000_000
ROOT, KEY = DeviceKey.generate(), DeviceKey.generate()


def write(path: Path, number: int, revoked: int | None = None, root: DeviceKey = ROOT) -> None:
    entry = KEY.card.entry(NOW, revoked_since=revoked)
    TrustStore(path, root.public).save(TrustList(number, NOW, NOW + 1000, (entry,)), root)


def revoked(listed: TrustList) -> int | None:
    (entry,) = listed.find(KEY.kid)
    return entry.revoked_since


def test_whoever_holds_the_list_sees_a_revocation(tmp_path: Path) -> None:
    path = tmp_path / "trust.cbor"
    write(path, 1)
    followed = TrustFile(TrustStore(path, ROOT.public))
    held = followed.current()
    assert revoked(held) is None
    write(path, 2, revoked=NOW)
    assert followed.current() is held
    assert (held.number, revoked(held)) == (2, NOW)


def test_a_list_that_cannot_be_read_is_told_and_the_old_one_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "trust.cbor"
    write(path, 2, revoked=NOW)
    followed = TrustFile(TrustStore(path, ROOT.public))
    whole = path.read_bytes()
    for junk in (b"junk", whole[:-1]):
        path.write_bytes(junk)
        assert revoked(followed.current()) == NOW
        assert "trust list 2 stays in force" in caplog.text
        caplog.clear()
        followed.current()
        assert not caplog.text  # once for each change
    path.unlink()
    assert revoked(followed.current()) == NOW
    write(tmp_path / "other.cbor", 3, root=DeviceKey.generate())
    (tmp_path / "other.cbor").replace(path)
    assert revoked(followed.current()) == NOW
    path.write_bytes(whole)
    assert followed.current().number == 2


def test_an_older_list_does_not_bring_a_revoked_key_back(tmp_path: Path) -> None:
    path = tmp_path / "trust.cbor"
    write(path, 1)
    old = path.read_bytes()
    followed = TrustFile(TrustStore(path, ROOT.public))
    write(path, 2, revoked=NOW)
    assert revoked(followed.current()) == NOW
    path.write_bytes(old)
    assert revoked(followed.current()) == NOW


def test_a_first_list_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(KeyProblem):
        TrustFile(TrustStore(tmp_path / "none", ROOT.public))


def test_a_task_follows_for_those_who_do_not_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust_file, "_EVERY_S", 0.001)
    path = tmp_path / "trust.cbor"
    write(path, 1)
    followed = TrustFile(TrustStore(path, ROOT.public))
    held = followed.current()

    async def play() -> None:
        task = asyncio.create_task(followed.follow())
        write(path, 2, revoked=NOW)
        async with asyncio.timeout(30):
            while held.number == 1:
                await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(play())
    assert revoked(held) == NOW
