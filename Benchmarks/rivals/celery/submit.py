"""Sends requests to the Celery rival as its own producers would, one task each; waits until the broker has them all.

    submit.py REQUESTS-FILE COUNT

The lines of the file, taken round and round; the first eight hexadecimal digits of each id say its number.
"""

import sys
from pathlib import Path

import tasks

_MEMBER = '"requestId":"'
_NUMBER_DIGITS = 8
# Publications under way at once.
_WINDOW = 2000
# No answer of a broker on the same machine takes as long.
_ANSWER_SECONDS = 60


class Confirms:
    """Publications of one channel that the broker has not confirmed yet; Celery's own wait is for one at a time."""

    def __init__(self, channel) -> None:
        self._connection = channel.connection
        self._published = 0
        self._outstanding: set[int] = set()
        channel.events["basic_ack"].add(self._confirmed)
        channel.confirm_select()

    def published(self) -> None:
        self._published += 1
        self._outstanding.add(self._published)

    def wait(self, outstanding: int) -> None:
        while len(self._outstanding) > outstanding:
            self._connection.drain_events(timeout=_ANSWER_SECONDS)

    def _confirmed(self, tag: int, multiple: bool) -> None:
        if multiple:
            self._outstanding = {number for number in self._outstanding if number > tag}
        else:
            self._outstanding.discard(tag)


def main(path: str, count: int) -> None:
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    ids = [line.index(_MEMBER) + len(_MEMBER) for line in lines]
    with tasks.app.connection_for_write(transport_options={"confirm_publish": False}) as connection:
        channel = connection.default_channel
        confirms = Confirms(channel)
        with tasks.app.amqp.Producer(channel) as producer:
            for number in range(count):
                line, start = lines[number % len(lines)], ids[number % len(lines)]
                body = f"{line[:start]}{number:08x}{line[start + _NUMBER_DIGITS:]}"
                tasks.lodge.apply_async((body,), producer=producer)
                confirms.published()
                confirms.wait(_WINDOW)
            confirms.wait(0)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: submit.py REQUESTS-FILE COUNT")
    main(sys.argv[1], int(sys.argv[2]))
