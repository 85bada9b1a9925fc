#!/usr/bin/env python3
"""Sends a task to RabbitMQ with nothing but Python's own library: as much of AMQP 0-9-1 as one confirmed message needs.

    TQ_BROKER_URL=amqp://guest:guest@localhost:5672 ./send_rabbitmq.py polyglot.greet '{"name":"Ann","from":"Python"}'

A real producer would use a client library and send the same: the default exchange, routing key tq.NAMESPACE.QUEUE.BAND
(high for priorities 7 to 9, normal, low for 0 to 3), mandatory, persistent, the id as message-id, with a confirm.
"""

import os
import socket
import struct
import sys
from urllib.parse import unquote, urlsplit

from envelope import from_command_line

QUEUE, PRIORITY, BAND = "default", 4, "normal"

METHOD, HEADER, BODY = 1, 2, 3
START, START_OK, TUNE, TUNE_OK, OPEN, OPEN_OK = (10, 10), (10, 11), (10, 30), (10, 31), (10, 40), (10, 41)
CLOSE, CLOSE_OK = (10, 50), (10, 51)
CHANNEL_OPEN, CHANNEL_OPEN_OK = (20, 10), (20, 11)
PUBLISH, RETURN, ACK = (60, 40), (60, 50), (60, 80)
SELECT, SELECT_OK = (85, 10), (85, 11)


def short_string(text):
    return struct.pack(">B", len(text)) + text.encode()


def long_string(data):
    return struct.pack(">I", len(data)) + data


class Connection:
    def __init__(self, host, port):
        self.socket = socket.create_connection((host, port), timeout=10)
        self.stream = self.socket.makefile("rb")

    def frame(self, kind, channel, payload):
        self.socket.sendall(struct.pack(">BHI", kind, channel, len(payload)) + payload + b"\xce")

    def call(self, channel, method, arguments=b""):
        self.frame(METHOD, channel, struct.pack(">HH", *method) + arguments)

    def expect(self, *methods):
        """The next method that is one of these, and its arguments."""
        while True:
            head = self.stream.read(7)
            if len(head) < 7:
                sys.exit("RabbitMQ ended the connection: are user, password and virtual host right?")
            kind, _, size = struct.unpack(">BHI", head)
            payload = self.stream.read(size + 1)[:-1]
            if kind != METHOD:
                continue
            method = struct.unpack(">HH", payload[:4])
            if method in methods:
                return method, payload[4:]
            if method[1] in (40, 50) and method[0] in (10, 20):
                sys.exit(f"RabbitMQ closed: {payload[7:].decode(errors='replace')}")


task_id, body = from_command_line("python")
url = urlsplit(os.environ.get("TQ_BROKER_URL", "amqp://localhost:5672"))
user, password = unquote(url.username or "guest"), unquote(url.password or "guest")
namespace = os.environ.get("TQ_NAMESPACE", "tq")

amqp = Connection(url.hostname, url.port or 5672)
amqp.socket.sendall(b"AMQP\x00\x00\x09\x01")
amqp.expect(START)
login = long_string(f"\0{user}\0{password}".encode())
amqp.call(0, START_OK, long_string(b"") + short_string("PLAIN") + login + short_string("en_US"))
_, tune = amqp.expect(TUNE)
channels, frame_max, _ = struct.unpack(">HIH", tune)
amqp.call(0, TUNE_OK, struct.pack(">HIH", channels, frame_max, 0))
amqp.call(0, OPEN, short_string(unquote(url.path[1:]) or "/") + b"\0\0")
amqp.expect(OPEN_OK)
amqp.call(1, CHANNEL_OPEN, b"\0")
amqp.expect(CHANNEL_OPEN_OK)
amqp.call(1, SELECT, b"\0")
amqp.expect(SELECT_OK)

mandatory = b"\1"
amqp.call(1, PUBLISH, b"\0\0" + short_string("") + short_string(f"tq.{namespace}.{QUEUE}.{BAND}") + mandatory)
headers = short_string("tq-priority") + b"I" + struct.pack(">i", PRIORITY)
has_headers, has_delivery_mode, has_message_id = 1 << 13, 1 << 12, 1 << 7
persistent = b"\2"
properties = long_string(headers) + persistent + short_string(task_id)
flags = has_headers | has_delivery_mode | has_message_id
amqp.frame(HEADER, 1, struct.pack(">HHQH", 60, 0, len(body), flags) + properties)
most = (frame_max or 131072) - 8
for at in range(0, len(body), most):
    amqp.frame(BODY, 1, body[at : at + most])
if amqp.expect(ACK, RETURN)[0] == RETURN:
    sys.exit("There is no such queue: start a worker, which declares it.")
amqp.call(0, CLOSE, b"\0\0" + short_string("") + b"\0\0\0\0")
amqp.expect(CLOSE_OK)
print(task_id)
