#!/usr/bin/env python3
"""Sends a task to SQS with nothing but Python's own library. A real producer would use boto3 and send the same.

    AWS_REGION=eu-central-1 AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… \
        ./send_sqs.py polyglot.greet '{"name":"Ann","from":"Python"}'

SQS_ENDPOINT names another service than AWS; SQS_PREFIX is what stands behind the region in the worker's URL.
"""

import datetime
import hashlib
import hmac
import json
import os
import sys
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from envelope import from_command_line

QUEUE, PRIORITY, BAND = "default", 4, "normal"

region = os.environ["AWS_REGION"]
endpoint = os.environ.get("SQS_ENDPOINT", f"https://sqs.{region}.amazonaws.com")


def call(action, request):
    """One call of the JSON API, signed with AWS signature version 4."""
    payload = json.dumps(request).encode()
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "host": urlsplit(endpoint).netloc,
        "x-amz-date": now,
        "x-amz-target": f"AmazonSQS.{action}",
    }
    if token := os.environ.get("AWS_SESSION_TOKEN"):
        headers["x-amz-security-token"] = token
    signed = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = f"POST\n/\n\n{lines}\n{signed}\n{hashlib.sha256(payload).hexdigest()}"
    scope = f"{now[:8]}/{region}/sqs/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{os.environ['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.new(key, text.encode(), "sha256").hexdigest()
    credential = f"{os.environ['AWS_ACCESS_KEY_ID']}/{scope}"
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={signed}, Signature={signature}"
    )
    try:
        with urllib.request.urlopen(urllib.request.Request(endpoint, payload, headers), timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        sys.exit(f"{action}: {error.code} {error.read().decode()}")


task_id, body = from_command_line("python")
parts = [os.environ.get("SQS_PREFIX"), os.environ.get("TQ_NAMESPACE", "tq"), QUEUE, BAND]
name = "__".join(part.replace(".", "--") for part in parts if part)
url = call("GetQueueUrl", {"QueueName": name})["QueueUrl"]
label = json.dumps({"v": 1, "id": task_id, "p": PRIORITY})
call(
    "SendMessage",
    {
        "QueueUrl": url,
        "MessageBody": body.decode(),
        "MessageAttributes": {"tq": {"DataType": "String", "StringValue": label}},
    },
)
print(task_id)
