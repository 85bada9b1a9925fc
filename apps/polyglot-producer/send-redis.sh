#!/usr/bin/env bash
# Sends a task to Redis with redis-cli.
#   TQ_BROKER_URL=redis://localhost:6379 ./send-redis.sh polyglot.greet '{"name":"Ann","from":"the shell"}'
set -euo pipefail
export LC_ALL=C # lengths are bytes

task=${1:?usage: send-redis.sh TASK JSON} input=${2:?usage: send-redis.sh TASK JSON}
url=${TQ_BROKER_URL:-redis://localhost:6379}
queue=default priority=4
keys="tq:${TQ_NAMESPACE:-tq}:{$queue}:"
id=$(cat /proc/sys/kernel/random/uuid 2>/dev/null || uuidgen | tr A-F a-f)
body="{\"v\":1,\"id\":\"$id\",\"task\":\"$task\",\"input\":$input,\"sentAt\":$(date +%s)000,\"headers\":{\"tenant\":\"shell\"}}"

# A whole number in so many bytes, the lowest first.
bytes() {
  local number=$1 count=$2
  for ((at = 0; at < count; at++)); do
    printf "\\x$(printf %02x $((number >> (8 * at) & 255)))"
  done
}

# Lost leases, priority, 0, lengths of id, headers and body; the id, the body. Then the sign that wakes a worker.
{
  bytes 0 2; bytes $priority 1; bytes 0 1; bytes ${#id} 2; bytes 0 4; bytes ${#body} 4
  printf %s "$id$body"
} | redis-cli -u "$url" --no-auth-warning -e -x RPUSH "$keys$priority" >/dev/null
redis-cli -u "$url" --no-auth-warning -e ZADD "${keys}w" 0 1 >/dev/null
echo "$id"
