"""A task as tq workers read it: docs/envelope.md, in ten lines."""

import json
import sys
import time
import uuid


def from_command_line(sender):
    """Of `script.py TASK JSON`: the task's id and the bytes of its envelope."""
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} TASK JSON")
    task_id = str(uuid.uuid4())
    envelope = {
        "v": 1,
        "id": task_id,
        "task": sys.argv[1],
        "input": json.loads(sys.argv[2]),
        "sentAt": int(time.time() * 1000),
        "headers": {"tenant": sender},
    }
    # Plain ASCII: SQS does not take every character.
    return task_id, json.dumps(envelope, ensure_ascii=True, separators=(",", ":")).encode()
