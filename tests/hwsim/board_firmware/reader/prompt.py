"""Evaluates the lines that come by USB, and answers each with a line: its value in JSON, or `! ` and the exception.

A line that is no expression is executed. While it waits it feeds the watchdog, once a line has asked for one.
"""

import gc
import json
import select
import sys
import time

gc.collect()
empty = gc.mem_alloc()
import machine  # noqa: E402

gc.collect()
SHIM = gc.mem_alloc() - empty

names = {"machine": machine, "time": time, "Pin": machine.Pin, "watchdog": None, "shim": SHIM}


def run():
    poll = select.poll()
    poll.register(sys.stdin, select.POLLIN)
    gc.collect()
    print("up", machine.reset_cause(), gc.mem_alloc())
    line = ""
    while True:
        if names["watchdog"] is not None:
            names["watchdog"].feed()
        machine.Pin(0).value()  # a turn, so that interrupts come
        if not poll.poll(2):
            continue
        letter = sys.stdin.read(1)
        if letter != "\n":
            line += letter
            continue
        print(answer(line))
        line = ""


def answer(line):
    try:
        try:
            code = compile(line, "line", "eval")
        except SyntaxError:
            exec(line, names)
            return "null"
        return json.dumps(eval(code, names))
    except Exception as error:  # noqa: BLE001 (it is the answer)
        return "! " + repr(error)
