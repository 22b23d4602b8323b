"""What both Python rivals decide: Boston's policy of 2019 as a few functions, and the lines and events that tell it."""

import json
from datetime import datetime, timezone
from typing import Any

_EMPTY_PADDING = len(',"padding":""')


def read(body: bytes | str) -> dict[str, Any]:
    request = json.loads(body)
    if request.get("schema") != "detainer.request/1" or not request.get("requestId"):
        raise ValueError("schema or requestId is missing")
    return request


def _paper(request: dict[str, Any], kinds: tuple[str, ...]) -> str:
    """How the best of the papers of those kinds stands."""
    standings = {
        paper.get("standing")
        for paper in request.get("attachments", ())
        if paper.get("kind") in kinds and paper.get("issuer") == "judge"
    }
    if "verified" in standings:
        return "verified"
    return "claimed" if standings else "none"


def _answer(prefix: str, asked: str, paper: str) -> dict[str, str]:
    if asked == "no":
        return {"answer": "not_asked", "rule": prefix + "1"}
    if paper == "verified":
        return {"answer": "refer", "rule": prefix + "3"}
    if paper == "claimed" and prefix != "N":
        return {"answer": "refer", "rule": prefix + "4"}
    return {"answer": "decline", "rule": prefix + "2"}


def decide(request: dict[str, Any]) -> dict[str, Any]:
    """The outcome of a request: a line of the file, and the data of its event."""
    form, receipt = request["form"], request["receipt"]
    asks = form.get("asks", {})
    hold, transfer, notice = (asks.get(name, "unknown") for name in ("hold", "transfer", "notice"))
    warrant = _paper(request, ("criminal-warrant",))
    order = _paper(request, ("criminal-warrant", "judicial-order"))
    answers = {
        "hold": _answer("H", hold, warrant),
        "transfer": _answer("T", transfer, order),
        "notify": _answer("N", notice, order),
    }
    given = {answer["answer"] for answer in answers.values()}
    if "refer" in given:
        disposition = "referred"
    else:
        disposition = "not_acted_upon" if "decline" in given else "nothing_asked"
    return {
        "requestId": request["requestId"],
        "revision": request.get("revision", 1),
        "agency": request["receivedBy"]["agency"],
        "station": request["receivedBy"].get("station"),
        "channel": receipt["channel"],
        "receivedAt": receipt.get("receivedAt"),
        "formKind": form["kind"],
        "formDate": form.get("formDate"),
        "probableCause": form.get("probableCause"),
        "custodyStatus": request.get("custody", {}).get("status"),
        "disposition": disposition,
        "answers": answers,
        "reportLine": "other requests" if form["kind"] in ("I-247N", "I-247G") else "item 1",
        "facts": {
            "form": form["kind"],
            "asks hold": hold,
            "asks transfer": transfer,
            "asks notice": notice,
            "criminal warrant": warrant,
            "judicial order": order,
        },
    }


def event(outcome: dict[str, Any], size: int) -> bytes:
    """The event of an outcome, padded to that size."""
    text = json.dumps(
        {
            "specversion": "1.0",
            "id": "outcome-" + outcome["requestId"],
            "source": "/rival/python",
            "type": "detainer.outcome.1",
            "subject": outcome["requestId"],
            "time": datetime.now(timezone.utc).isoformat(),
            "datacontenttype": "application/json",
            "data": outcome,
        },
        separators=(",", ":"),
    )
    padding = max(0, size - len(text) - _EMPTY_PADDING)
    # Data is the last member: the padding becomes its last one.
    return f'{text[:-2]},"padding":"{"x" * padding}"}}}}'.encode()


def line(outcome: dict[str, Any]) -> bytes:
    return json.dumps(outcome, separators=(",", ":")).encode() + b"\n"
