"""The same work as a Celery task: acknowledged late, one message a task, appended and synced each by itself.

Celery has no batches: a task is a message, and its settings carry the promise. `task_acks_late` acknowledges after the
task, `confirm_publish` makes publishing wait for the broker, and the broker's queue is a quorum queue. What the command
line gives other workers comes in the environment here: RIVAL_URL, RIVAL_QUEUE, RIVAL_EXCHANGE, RIVAL_ROUTING_KEY,
RIVAL_FILE, RIVAL_PREFETCH, RIVAL_EVENT_BYTES.
"""

import os

import decision
from celery import Celery
from kombu import Exchange, Queue
from kombu.pools import producers

_PROCESSES = int(os.environ["RIVAL_PROCESSES"])

app = Celery("rival", broker=os.environ["RIVAL_URL"])
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_serializer="json",
    task_default_queue=os.environ["RIVAL_QUEUE"],
    task_queues=[
        Queue(
            os.environ["RIVAL_QUEUE"],
            Exchange(""),
            routing_key=os.environ["RIVAL_QUEUE"],
            queue_arguments={"x-queue-type": "quorum"},
        )
    ],
    task_default_exchange="",
    worker_prefetch_multiplier=int(os.environ["RIVAL_PREFETCH"]) // _PROCESSES,
    worker_concurrency=_PROCESSES,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    broker_transport_options={"confirm_publish": True},
)

_events = Exchange(os.environ["RIVAL_EXCHANGE"], type="topic")
_file: int | None = None


def _descriptor() -> int:
    """Of this process: pool processes share the file, to which each appends whole lines."""
    global _file
    if _file is None:
        _file = os.open(os.environ["RIVAL_FILE"], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    return _file


@app.task(name="rival.lodge")
def lodge(body: str) -> None:
    outcome = decision.decide(decision.read(body))
    os.write(_descriptor(), decision.line(outcome))
    os.fdatasync(_descriptor())
    with producers[app.pool.connection].acquire(block=True) as producer:
        producer.publish(
            decision.event(outcome, int(os.environ["RIVAL_EVENT_BYTES"])),
            exchange=_events,
            routing_key=os.environ["RIVAL_ROUTING_KEY"],
            content_type="application/cloudevents+json",
            content_encoding="utf-8",
            message_id=outcome["requestId"],
            mandatory=True,
            delivery_mode=2,
        )
