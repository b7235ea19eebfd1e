#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The other end of /dev/ecryptfs, as a terminal whose slave is the node.

fake-kernel.py NODE makes NODE a link to the terminal and obeys lines from
stdin, one answer line each:

  wrap SIG           "wrapped HEX" or "refused"
  unwrap SIG HEX     "opened HEX" or "refused"
  send-unwrap SIG HEX  "sent"; its answer is read by "answer"
  answer             "opened HEX", "wrapped HEX", "refused", or "nothing"
  raw HEX            "sent"; bytes as they are
  exclusive          "done"; the node says EBUSY to users but root
  mode OCTAL         "done"; who may open the node

One request at a time: a terminal does not keep messages apart.
"""
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import tty

FEK_PACKET = bytes.fromhex("075f8fa87ef5601b66a4d0e054a06064400836")
PATIENCE = 10


def length(n):
    if n < 192:
        return bytes([n])
    return bytes([((n - 192) >> 8) + 192, (n - 192) & 255])


def parse_length(data):
    if data[0] < 192:
        return data[0], data[1:]
    return (data[0] - 192) * 256 + data[1] + 192, data[2:]


class Kernel:
    def __init__(self, node):
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        # Kept open: the terminal must not hang up between two daemons.
        self.slave = slave
        os.symlink(self.path, node + ".new")
        os.rename(node + ".new", node)
        self.counter = 0
        self.waiting = {}  # counter to index
        self.read = b""

    def send(self, tag, sig, body):
        self.counter += 1
        packet = bytes([tag, 16]) + sig.encode() + length(len(body)) + body
        index = self.counter % 32
        self.waiting[self.counter] = index
        rest = struct.pack("=II", index, len(packet)) + packet
        os.write(self.master, b"\x66" + struct.pack(">I", self.counter) +
                 length(len(rest)) + rest)

    def more(self, wanted, seconds):
        while len(self.read) < wanted:
            if not select.select([self.master], [], [], seconds)[0]:
                return False
            self.read += os.read(self.master, 4096)
        return True

    def answer(self, seconds=PATIENCE):
        if not self.more(7, seconds):
            return "nothing"
        assert self.read[0] == 0x67, self.read
        counter, = struct.unpack(">I", self.read[1:5])
        n, rest = parse_length(self.read[5:])
        head = len(self.read) - len(rest)
        if not self.more(head + n, seconds):
            return "nothing"
        rest = self.read[head:head + n]
        self.read = self.read[head + n:]
        index, size = struct.unpack("=II", rest[:8])
        packet = rest[8:]
        assert size == len(packet), (size, packet)
        # Exactly one answer to each request that was sent.
        assert self.waiting.pop(counter) == index, (counter, index)
        if packet[1] != 0:
            assert len(packet) >= 4
            return "refused"
        n, body = parse_length(packet[2:])
        assert n == len(body), packet
        return {0x41: "opened ", 0x43: "wrapped "}[packet[0]] + body.hex()

    def obey(self, words):
        if words[0] == "wrap":
            self.send(0x42, words[1], FEK_PACKET)
            return self.answer()
        if words[0] == "unwrap":
            self.send(0x40, words[1], bytes.fromhex(words[2]))
            return self.answer()
        if words[0] == "send-unwrap":
            self.send(0x40, words[1], bytes.fromhex(words[2]))
            return "sent"
        if words[0] == "answer":
            return self.answer()
        if words[0] == "raw":
            os.write(self.master, bytes.fromhex(words[1]))
            return "sent"
        if words[0] == "exclusive":
            fcntl.ioctl(self.slave, termios.TIOCEXCL)
            return "done"
        if words[0] == "mode":
            os.chmod(self.path, int(words[1], 8))
            return "done"
        return "what?"


def main():
    kernel = Kernel(sys.argv[1])
    print(kernel.path, flush=True)
    for line in sys.stdin:
        print(kernel.obey(line.split()), flush=True)


if __name__ == "__main__":
    main()
