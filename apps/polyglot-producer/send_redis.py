#!/usr/bin/env python3
"""Sends a task to Redis with nothing but Python's own library.

    TQ_BROKER_URL=redis://localhost:6379 ./send_redis.py polyglot.greet '{"name":"Ann","from":"Python"}'
"""

import os
import socket
import struct
import sys
from urllib.parse import urlsplit

from envelope import from_command_line

QUEUE, PRIORITY = "default", 4

task_id, body = from_command_line("python")
url = urlsplit(os.environ.get("TQ_BROKER_URL", "redis://localhost:6379"))
keys = f"tq:{os.environ.get('TQ_NAMESPACE', 'tq')}:{{{QUEUE}}}:"

# Before the id and the body: lost leases, priority, 0 (its record shares nothing), lengths of id, headers and body.
message = struct.pack("<HBBHII", 0, PRIORITY, 0, len(task_id), 0, len(body)) + task_id.encode() + body

commands = [
    # Both or neither, and in this order: a worker that wakes finds the message.
    ["MULTI"],
    ["RPUSH", f"{keys}{PRIORITY}", message],
    ["ZADD", f"{keys}w", "0", "1"],
    ["EXEC"],
]
if url.password:
    commands.insert(0, ["AUTH", url.username or "default", url.password])


def resp(command):
    words = [word if isinstance(word, bytes) else word.encode() for word in command]
    return b"".join([b"*%d\r\n" % len(words)] + [b"$%d\r\n%s\r\n" % (len(word), word) for word in words])


with socket.create_connection((url.hostname, url.port or 6379), timeout=10) as connection:
    connection.sendall(b"".join(map(resp, commands)))
    answers = connection.makefile("rb")
    for command in commands:
        answer = answers.readline()
        if not answer.startswith((b"+", b"*")):
            sys.exit(f"{command[0]}: {answer.decode().strip() or 'the connection ended'}")
    if answer.strip() == b"*-1":
        sys.exit("EXEC: nothing was done")
    for _ in range(2):
        if not (number := answers.readline()).startswith(b":"):
            sys.exit(number.decode().strip())
print(task_id)
