"""Obeys lines on its USB port with every part of the board: the simulator's own test."""

import json
import select
import sys
import time

import machine

uart = machine.UART(1, baudrate=115200, tx=17, rx=18)
reset = machine.Pin(16, machine.Pin.OUT, value=1)
trigger = machine.Pin(0, machine.Pin.IN, machine.Pin.PULL_UP)
buzzer = machine.PWM(machine.Pin(5), freq=1000, duty_u16=0)
battery = machine.ADC(machine.Pin(4))
presses = []
trigger.irq(lambda pin: presses.append(pin.value()), machine.Pin.IRQ_FALLING)


def run():
    poll = select.poll()
    poll.register(sys.stdin, select.POLLIN)
    watchdog = machine.WDT(timeout=500)
    print("up", machine.reset_cause())
    line = ""
    while True:
        watchdog.feed()
        if poll.poll(2):
            letter = sys.stdin.read(1)
            if letter != "\n":
                line += letter
                continue
            word, _, rest = line.partition(" ")
            line = ""
            print(json.dumps(COMMANDS[word](rest)))


def ask_uart(rest):
    uart.write(bytes.fromhex(rest))
    answer = b""
    end = time.ticks_add(time.ticks_ms(), 300)
    while time.ticks_diff(end, time.ticks_ms()) > 0 and len(answer) < 19:
        answer += uart.read() or b""
    return answer.hex()


def ask_presses(rest):
    return presses


COMMANDS = {"uart": ask_uart, "presses": ask_presses}
