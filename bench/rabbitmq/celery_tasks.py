"""Celery on a quorum queue, with confirms, late acknowledgements and results in Redis: what it offers for safety."""
import os
import sys

from celery import Celery
from kombu import Queue

app = Celery("bench", broker=os.environ["BENCH_AMQP"], backend=os.environ["BENCH_REDIS"])
app.conf.update(
    task_queues=[Queue("celery", queue_arguments={"x-queue-type": "quorum"})],
    task_acks_late=True,
    worker_prefetch_multiplier=4,
    broker_transport_options={"confirm_publish": True},
    worker_detect_quorum_queues=True,
)


@app.task
def noop(payload):
    return {"ok": True}


if __name__ == "__main__":
    payload = {"user": 1, "name": "user 1 of the benchmark", "tags": ["alpha", "beta", "gamma"]}
    with app.producer_pool.acquire(block=True) as producer:
        for _ in range(int(sys.argv[1])):
            noop.apply_async((payload,), producer=producer)
