"""The same work in Python on pika: one event loop (SelectConnection), so that confirms need no wait for each message.

    worker.py URL QUEUE EXCHANGE ROUTING-KEY FILE PREFETCH EVENT-BYTES

Takes what has arrived, decides each request, appends the outcomes, syncs once a batch, publishes an event for each
(persistent, mandatory, padded to EVENT-BYTES), and acknowledges all at once when all are confirmed. Leaves on SIGTERM,
when what it took is settled.
"""

import os
import signal
import sys

import decision
import pika


class Worker:
    def __init__(self, arguments: list[str]) -> None:
        url, self.queue, self.exchange, self.routing_key, path, prefetch, event_bytes = arguments
        self.prefetch, self.event_bytes = int(prefetch), int(event_bytes)
        self.is_stopping = False
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.waiting: list[tuple[int, bytes]] = []
        self.in_hand: list[int] = []
        self.is_scheduled = False
        self.published = self.settled_through = 0
        self.settled_early: set[int] = set()
        self.failure: str | None = None
        self.connection = pika.SelectConnection(
            pika.URLParameters(url),
            on_open_callback=lambda connection: connection.channel(on_open_callback=self.opened),
            on_open_error_callback=lambda _, error: self.fail(f"no connection: {error}"),
            on_close_callback=lambda *_: self.connection.ioloop.stop(),
        )

    def run(self) -> None:
        signal.signal(signal.SIGTERM, lambda *_: self.connection.ioloop.add_callback_threadsafe(self.stop))
        self.connection.ioloop.start()
        os.close(self.file)
        if self.failure:
            sys.exit(self.failure)

    def stop(self) -> None:
        self.is_stopping = True
        if not self.in_hand and not self.waiting:
            self.connection.close()

    def fail(self, sentence: str) -> None:
        self.failure = sentence
        self.connection.ioloop.stop()

    def opened(self, channel: pika.channel.Channel) -> None:
        self.channel = channel
        channel.add_on_return_callback(lambda *_: self.fail("an event was returned"))
        channel.add_on_close_callback(lambda _, reason: None if self.connection.is_closing else self.fail(str(reason)))
        channel.confirm_delivery(self.confirmed, callback=lambda _: channel.basic_qos(
            prefetch_count=self.prefetch, callback=lambda _: channel.basic_consume(self.queue, self.arrived)))

    def arrived(self, _channel, method, _properties, body: bytes) -> None:
        self.waiting.append((method.delivery_tag, body))
        self.schedule()

    def schedule(self) -> None:
        """One batch at a time, and only when the loop has taken everything that the socket held."""
        if not self.is_scheduled and not self.in_hand and self.waiting:
            self.is_scheduled = True
            self.connection.ioloop.call_later(0, self.handle)

    def handle(self) -> None:
        self.is_scheduled = False
        batch, self.waiting = self.waiting, []
        outcomes = [decision.decide(decision.read(body)) for _, body in batch]
        os.write(self.file, b"".join(decision.line(outcome) for outcome in outcomes))
        os.fdatasync(self.file)
        self.in_hand = [tag for tag, _ in batch]
        for outcome in outcomes:
            self.channel.basic_publish(
                self.exchange,
                self.routing_key,
                decision.event(outcome, self.event_bytes),
                pika.BasicProperties(
                    content_type="application/cloudevents+json", delivery_mode=2, message_id=outcome["requestId"]
                ),
                mandatory=True,
            )
        self.published += len(batch)

    def confirmed(self, frame) -> None:
        method = frame.method
        if not isinstance(method, pika.spec.Basic.Ack):
            self.fail("the broker refused an event")
            return
        # Confirms come in any order, one or many at a time.
        if method.multiple:
            self.settled_through = max(self.settled_through, method.delivery_tag)
            self.settled_early = {tag for tag in self.settled_early if tag > self.settled_through}
        else:
            self.settled_early.add(method.delivery_tag)
        while self.settled_through + 1 in self.settled_early:
            self.settled_through += 1
            self.settled_early.remove(self.settled_through)
        if self.settled_through == self.published and self.in_hand:
            self.settle()

    def settle(self) -> None:
        self.channel.basic_ack(self.in_hand[-1], multiple=True)
        self.in_hand = []
        if self.is_stopping and not self.waiting:
            self.connection.close()
        else:
            self.schedule()


if __name__ == "__main__":
    if len(sys.argv) != 8:
        sys.exit("usage: worker.py URL QUEUE EXCHANGE ROUTING-KEY FILE PREFETCH EVENT-BYTES")
    Worker(sys.argv[1:]).run()
