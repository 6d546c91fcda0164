"""The device's own Ed25519 key: made once, and never sent anywhere. Its kid is the device's id."""

from edge import cose, ed25519
from reader import files
from reader.errors import DeviceTrouble
from reader.trust import turned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_SIZE = 68  # bytes: seed, public key, CRC-32


class DeviceKey:
    """kid: 8 bytes; public: 32 bytes; operator: who signs with it, as settings name them."""

    def __init__(
        self, folder: "str", random: "Callable[[int], bytes]", operator: "str" = ""
    ) -> None:
        """The key in `folder`, made from 32 bytes of `random` where there is none, or its making was torn.

        Raises DeviceTrouble where it was damaged later: a new key is another device.
        """
        files.make_folder(folder)
        path = folder + "/key"
        data = files.read(path)
        if len(data) < _SIZE:
            seed = random(32)
            data = seed + ed25519.public_key(seed)
            data += files.crc(data)
            files.write(path, (data,))
        if files.crc(data[:64]) != data[64:]:
            raise DeviceTrouble("the device key is damaged")
        self._seed = data[:32]
        self.public = data[32:64]
        self.kid = cose.kid(self.public)
        self.operator = operator

    def signing(self, data: "bytes") -> "Generator[int, None, bytes]":
        """Its signature of `data`, 64 bytes, in turns: half a second."""
        return turned(ed25519.signing(self._seed, data))
