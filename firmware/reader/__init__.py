"""The handheld's reader: what a board runs between its trigger button and its screen."""
