"""Sends requests to the Celery rival as its own producers would: one task each.

    submit.py REQUESTS-FILE COUNT

The lines of the file, taken round and round; the first eight hexadecimal digits of each id say its number.
"""

import sys
from pathlib import Path

import tasks
from kombu.pools import producers

_MEMBER = '"requestId":"'
_NUMBER_DIGITS = 8


def main(path: str, count: int) -> None:
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    ids = [line.index(_MEMBER) + len(_MEMBER) for line in lines]
    # Whether all have arrived whoever measures sees in the queue.
    connection = tasks.app.connection_for_write(transport_options={"confirm_publish": False})
    with producers[connection].acquire(block=True) as producer:
        for number in range(count):
            line, start = lines[number % len(lines)], ids[number % len(lines)]
            body = f"{line[:start]}{number:08x}{line[start + _NUMBER_DIGITS:]}"
            tasks.lodge.apply_async((body,), producer=producer)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: submit.py REQUESTS-FILE COUNT")
    main(sys.argv[1], int(sys.argv[2]))
