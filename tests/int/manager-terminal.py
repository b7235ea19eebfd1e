# SPDX-License-Identifier: GPL-2.0-or-later
#
# A person at a terminal, for manager-terminal.sh: runs a program on a
# pseudoterminal and types when it is asked.
#
#   manager-terminal.py STEPS PROGRAM [ARGUMENTS]
#
# STEPS: JSON, a list of [EXPECTED, TYPED]: waits for the text EXPECTED, then
# types TYPED, or sends the signal that it names ("SIGTERM"). Prints what was
# on the terminal, then a line "status N", then "echo on" or "echo off".

import fcntl
import json
import os
import select
import signal
import sys
import termios
import time

PATIENCE = 30


class Terminal:
    def __init__(self, argv):
        self.seen = b""
        # The slave stays open, so that the terminal is still there to be
        # looked at when the program has closed it
        self.fd, self.slave = os.openpty()
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for fd in range(3):
                os.dup2(self.slave, fd)
            os.execv(argv[0], argv)

    def read(self):
        ready = select.select([self.fd], [], [], PATIENCE)[0]
        if not ready:
            self.give_up("nothing more within %d seconds" % PATIENCE)
        try:
            return os.read(self.fd, 4096)
        except OSError:
            return b""

    def give_up(self, why):
        os.kill(self.pid, signal.SIGKILL)
        sys.exit("%s, after: %r" % (why, self.seen))

    def expect(self, text, start):
        while text not in self.seen[start:]:
            chunk = self.read()
            if not chunk:
                self.give_up("it ended without asking %r" % text)
            self.seen += chunk
        return self.seen.index(text, start) + len(text)

    def echoes(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def wait_silent(self):
        end = time.time() + PATIENCE
        while self.echoes():
            if time.time() > end:
                self.give_up("the terminal echoes what is typed")
            time.sleep(0.01)


def main():
    steps = json.loads(sys.argv[1])
    terminal = Terminal(sys.argv[2:])
    at = 0
    for expected, typed in steps:
        at = terminal.expect(expected.encode(), at)
        if "assphrase" in expected:
            terminal.wait_silent()
        if typed.startswith("SIG"):
            os.kill(terminal.pid, getattr(signal, typed))
        else:
            os.write(terminal.fd, typed.encode())
    end = time.time() + PATIENCE
    while True:
        pid, status = os.waitpid(terminal.pid, os.WNOHANG)
        if pid or time.time() > end:
            break
        if select.select([terminal.fd], [], [], 0.05)[0]:
            terminal.seen += os.read(terminal.fd, 4096)
    if not pid:
        terminal.give_up("it does not end")
    while select.select([terminal.fd], [], [], 0)[0]:
        terminal.seen += os.read(terminal.fd, 4096)
    sys.stdout.write(terminal.seen.decode(errors="replace"))
    print("\nstatus", os.waitstatus_to_exitcode(status))
    print("echo", "on" if terminal.echoes() else "off")


main()
