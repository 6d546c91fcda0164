"""The PN532 on an SPI bus of MicroPython's `machine`."""

from machine import SPI, Pin

from reader.spi import SpiPort

_HZ = 2_000_000  # the PN532 takes 5 MHz; jumper wires may not


def spi_port(number: "int", sck: "int", mosi: "int", miso: "int", select: "int") -> "SpiPort":
    """The PN532 on an SPI bus of its own."""
    bus = SPI(number, baudrate=_HZ, sck=Pin(sck), mosi=Pin(mosi), miso=Pin(miso))
    chip = Pin(select, Pin.OUT, value=1)

    def transfer(data: "bytes") -> "bytes":
        both = bytearray(data)
        bus.write_readinto(both, both)
        return both  # type: ignore[return-value]

    return SpiPort(transfer, lambda selected: chip.value(not selected))
