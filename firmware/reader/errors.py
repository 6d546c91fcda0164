"""What goes wrong with the handheld's devices; what a tag says is a Verdict instead."""


class DeviceTrouble(Exception):
    """A device, not the tag's content, is at fault; the text is for the screen."""


class ReaderGone(DeviceTrouble):
    """The reader chip does not answer."""


class FlashFull(DeviceTrouble):
    """There is no room for another record; nothing that stands is lost."""


class TagTrouble(DeviceTrouble):
    """Something with the tag in the field; page: at which page, -1 where at none."""

    def __init__(self, text: "str", page: "int" = -1) -> None:
        super().__init__(text)
        self.page = page


class TagGone(TagTrouble):
    """The tag left the field."""


class TagRefused(TagTrouble):
    """The tag answered NAK: a page that it lacks, or that is locked."""
