#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""control-client.py [--uid UID] SOCKET COMMAND [NAME [SECRET]]

Speaks to ecryptfsd by the byte table of doc/PROTOCOL alone. Prints the text
of the answer; exits with its error code, or 99 when there is no answer.
"""
import os
import socket
import sys

COMMANDS = {"status": 1, "unlock": 2, "lock": 3, "reload": 4, "quit": 5,
            "test": 6}


def main():
    args = sys.argv[1:]
    if args[0] == "--uid":
        os.setgroups([])
        os.setresuid(*[int(args[1])] * 3)
        args = args[2:]
    path, command = args[0], COMMANDS[args[1]]
    name = (args[2:3] or [""])[0].encode()
    secret = (args[3:4] or [""])[0].encode()
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client.settimeout(30)
    try:
        client.connect(path)
        client.send(bytes([1, command, len(name)]) + name +
                    len(secret).to_bytes(2, "big") + secret)
        answer = client.recv(65536)
    except OSError as error:
        print(error, file=sys.stderr)
        sys.exit(99)
    if len(answer) < 2:
        print("no answer", file=sys.stderr)
        sys.exit(99)
    print(answer[2:].decode())
    sys.exit(answer[1])


if __name__ == "__main__":
    main()
