#!/usr/bin/env bash
# Sends a task to SQS with curl 7.75 or later, which signs requests.
#   AWS_REGION=eu-central-1 AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… ./send-sqs.sh polyglot.greet '{"name":"Ann","from":"curl"}'
set -euo pipefail

task=${1:?usage: send-sqs.sh TASK JSON} input=${2:?usage: send-sqs.sh TASK JSON}
endpoint=${SQS_ENDPOINT:-https://sqs.$AWS_REGION.amazonaws.com}
name="${SQS_PREFIX:+${SQS_PREFIX}__}${TQ_NAMESPACE:-tq}__default__normal"
id=$(cat /proc/sys/kernel/random/uuid 2>/dev/null || uuidgen | tr A-F a-f)
body="{\"v\":1,\"id\":\"$id\",\"task\":\"$task\",\"input\":$input,\"sentAt\":$(date +%s)000,\"headers\":{\"tenant\":\"shell\"}}"

call() {
  curl --silent --show-error --fail-with-body "$endpoint/" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
    --aws-sigv4 "aws:amz:$AWS_REGION:sqs" -H 'content-type: application/x-amz-json-1.0' \
    ${AWS_SESSION_TOKEN:+-H "x-amz-security-token: $AWS_SESSION_TOKEN"} -H "x-amz-target: AmazonSQS.$1" --data "$2"
}

# A JSON text inside a JSON text.
quoted() { printf '"%s"' "$(printf %s "$1" | sed 's/[\\"]/\\&/g')"; }

url=$(call GetQueueUrl "{\"QueueName\":\"$name\"}" | sed -E 's/.*"QueueUrl" *: *"([^"]*)".*/\1/')
label=$(quoted "{\"v\":1,\"id\":\"$id\",\"p\":4}")
call SendMessage "{\"QueueUrl\":\"$url\",\"MessageBody\":$(quoted "$body"),
  \"MessageAttributes\":{\"tq\":{\"DataType\":\"String\",\"StringValue\":$label}}}" >/dev/null
echo "$id"
