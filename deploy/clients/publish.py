#!/usr/bin/python3
"""Publishes messages to the intake as a careful sender does.

    DETAINER_BROKER_URL=amqp://… deploy/clients/publish.py [--key FILE] FILE…     JSON Lines; - is standard input

Each message is persistent and mandatory and waits for the broker's confirm; its message_id is the id in its body, so
that what is sent twice counts once. On a lost connection, a refusal or a return it waits and tries again, with the same
id and the same bytes. With --key (made by `detainer intake keygen`) it signs what it sends.

Needs Debian's python3-pika, and python3-cryptography for --key.
"""

import argparse
import base64
import json
import os
import random
import sys
import time

import pika
import pika.exceptions

# The first wait, doubled each time up to the longest: a broker that comes back is not met by all senders at once.
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 30.0
# After some ten minutes a person should look.
ATTEMPTS = 25


class Signer:
    """Ed25519 over the body, byte for byte."""

    def __init__(self, path):
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        with open(path, encoding="ascii") as file:
            kind, self.key_id, seed = file.read().split()
        if kind != "detainer-publisher-key/1":
            sys.exit(f"{path}: is no publisher's key")
        self.key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(seed))

    def headers(self, body):
        signature = base64.b64encode(self.key.sign(body)).decode("ascii")
        return {"detainer-signature-key": self.key_id, "detainer-signature": signature}


def properties(body, signer):
    message = json.loads(body)
    return pika.BasicProperties(
        content_type="application/json",
        delivery_mode=2,
        message_id=message["recordId" if message["schema"].startswith("detainer.record/") else "requestId"],
        type=message["schema"],
        headers=signer.headers(body) if signer else None,
    )


class Publisher:
    def __init__(self, url, exchange):
        self.parameters = pika.URLParameters(url)
        self.exchange = exchange
        self.connection = None
        self.channel = None

    def publish(self, body, message):
        """Returns when the broker has it in a queue."""
        for attempt in range(ATTEMPTS):
            if attempt:
                wait = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
                time.sleep(random.uniform(wait / 2, wait))
            try:
                self.open()
                # Raises where the broker refuses or returns it; the confirm is awaited.
                self.channel.basic_publish(self.exchange, "request", body, message, mandatory=True)
                return
            except (pika.exceptions.AMQPError, OSError) as error:
                # The body may name a person: only its id is told.
                print(f"{message.message_id}: {type(error).__name__}, tried {attempt + 1} times", file=sys.stderr)
                if not isinstance(error, (pika.exceptions.UnroutableError, pika.exceptions.NackError)):
                    self.close()
        sys.exit(f"{message.message_id}: given up; run this again, what was sent counts once")

    def open(self):
        if self.channel and self.channel.is_open:
            return
        self.close()
        self.connection = pika.BlockingConnection(self.parameters)
        self.channel = self.connection.channel()
        self.channel.confirm_delivery()

    def close(self):
        try:
            if self.connection and self.connection.is_open:
                self.connection.close()
        except pika.exceptions.AMQPError:
            # It is gone already.
            pass
        self.connection = self.channel = None


def bodies(paths):
    for path in paths:
        with sys.stdin.buffer if path == "-" else open(path, "rb") as file:
            yield from (line.strip() for line in file if line.strip())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--key")
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    signer = Signer(arguments.key) if arguments.key else None
    publisher = Publisher(
        os.environ.get("DETAINER_BROKER_URL", "amqp://guest:guest@127.0.0.1:5672/"),
        os.environ.get("DETAINER_TOPOLOGY_INTAKE_EXCHANGE", "detainer.intake"),
    )
    count = 0
    for body in bodies(arguments.files):
        publisher.publish(body, properties(body, signer))
        count += 1
    publisher.close()
    print(f"{count} confirmed")


if __name__ == "__main__":
    main()
