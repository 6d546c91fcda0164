"""The firmware that tests the simulated board: what comes by USB is evaluated, a line at a time."""

from reader import prompt

prompt.run()
