"""The requests that everything is measured with: about 700 bytes each, alike each time, and of nobody."""

import json
import random
from pathlib import Path

# So many different ones are taken round and round; whoever publishes them gives each an id of its own.
VARIETY = 1000
_SEED = 20191219

_STATIONS = ["A-1", "A-7", "A-15", "B-2", "B-3", "C-6", "C-11", "D-4", "D-14", "E-5", "E-13", "E-18"]
_KINDS = ["I-247A", "I-247A", "I-247A", "I-247D", "I-247G"]
_PAPERS = [
    [{"kind": "I-200", "issuer": "immigration-officer", "standing": "produced", "namesSubject": "yes"}],
    [{"kind": "I-205", "issuer": "immigration-officer", "standing": "produced", "namesSubject": "yes"}],
    [{"kind": "criminal-warrant", "issuer": "judge", "standing": "claimed", "namesSubject": "yes"}],
]


def _request(chance: random.Random) -> dict[str, object]:
    day = f"2025-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
    identifier = "".join(chance.choice("0123456789abcdef") for _ in range(32))
    return {
        "schema": "detainer.request/1",
        "requestId": f"{identifier[:8]}-{identifier[8:12]}-4{identifier[13:16]}-8{identifier[17:20]}-{identifier[20:]}",
        "receivedBy": {"agency": "boston-police", "station": chance.choice(_STATIONS)},
        "receipt": {
            "channel": chance.choice(["fax", "email", "mail"]),
            "receivedAt": f"{day}T{chance.randint(0, 23):02}:{chance.randint(0, 59):02}:00-05:00",
            "pages": chance.randint(1, 9),
        },
        "form": {
            "kind": chance.choice(_KINDS),
            "formDate": day,
            "eventNumber": f"EXAMPLE-{chance.randrange(10**6):06}",
            "probableCause": ["final-order", "biometric-match"],
            "asks": {"hold": "yes", "transfer": chance.choice(["yes", "no"]), "notice": "yes"},
        },
        "subject": {
            "fileNumber": f"A{chance.randrange(10**9):09}",
            "familyName": "Example",
            "givenNames": "Person",
            "birthDate": f"{chance.randint(1950, 2005)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
        },
        "custody": {"status": "in-custody", "bookingNumber": f"SAMPLE-{chance.randrange(10**6):06}"},
        "attachments": chance.choice(_PAPERS),
    }


def write(path: Path) -> float:
    """Writes them, one a line; returns their mean size in bytes."""
    chance = random.Random(_SEED)
    lines = [json.dumps(_request(chance), separators=(",", ":")) for _ in range(VARIETY)]
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return sum(map(len, lines)) / len(lines)
