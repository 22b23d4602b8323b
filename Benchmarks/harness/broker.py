"""The private RabbitMQ that everything runs against, and its queues."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.programs import Failure, processor_seconds, run

_START_SECONDS = 500
_CONTROL_SECONDS = 120

INTAKE_EXCHANGE = "detainer.intake"
OUTCOME_EXCHANGE = "detainer.outcomes"
REQUEST_QUEUE = "detainer.requests"
REPORT_QUEUE = "annual-report"
DEAD_LETTER_QUEUE = "detainer.dead-letters"
# As the worker routes the outcomes of most of these requests.
ROUTING_KEY = "outcome.boston.not_acted_upon"

# Arguments that queues of the other type refuse.
_QUORUM_ONLY = {"x-dead-letter-strategy", "x-delivery-limit"}


@dataclass(frozen=True)
class VirtualHost:
    """A virtual host of the broker, with the worker's whole topology in queues of one type."""

    name: str
    kind: str
    url: str


class Broker:
    """Started on entering, gone on leaving."""

    def __init__(self, repository: Path, place: Path, binary: Path) -> None:
        self._script = repository / "deploy/local/broker"
        self._binary = binary
        self.place = place

    def __enter__(self) -> "Broker":
        run([self._script, "start", self.place], _START_SECONDS)
        self.environment = dict(
            line.split("=", 1) for line in (self.place / "env").read_text(encoding="utf-8").splitlines()
        )
        self.quorum = VirtualHost("/", "quorum", self.environment["DETAINER_BROKER_URL"])
        run([self._binary, "topology", "apply"], _CONTROL_SECONDS, self.environment)
        self.classic = self._make_classic()
        return self

    def __exit__(self, *_: object) -> None:
        run([self._script, "stop", self.place], _CONTROL_SECONDS)

    def control(self, *arguments: str) -> str:
        return run([self.place / "ctl", "-q", *arguments], _CONTROL_SECONDS)

    def purge(self, host: VirtualHost, *queues: str) -> None:
        for queue in queues:
            self.control("purge_queue", "-p", host.name, queue)

    def processor_seconds(self) -> float:
        """What its node has used so far."""
        try:
            return processor_seconds(int((self.place / "node.pid").read_text(encoding="utf-8")))
        except OSError as error:
            raise Failure(f"the broker runs no more: {error}") from error

    def version(self) -> str:
        return self.control("version").strip()

    def _make_classic(self) -> VirtualHost:
        host = VirtualHost("classic", "classic", self.quorum.url.rpartition("/")[0] + "/classic")
        self.control("add_vhost", host.name)
        self.control("set_permissions", "-p", host.name, "guest", ".*", ".*", ".*")
        exported = json.loads(run([self._binary, "topology", "export"], _CONTROL_SECONDS))
        file = self.place / "classic.json"
        file.write_text(json.dumps(_classic(exported, host.name)), encoding="utf-8")
        self.control("import_definitions", str(file))
        return host


def _classic(exported: dict[str, Any], host: str) -> dict[str, Any]:
    definitions: dict[str, Any] = {}
    for part in ("exchanges", "queues", "bindings"):
        definitions[part] = [{**thing, "vhost": host} for thing in exported[part]]
    for queue in definitions["queues"]:
        arguments = {name: value for name, value in queue["arguments"].items() if name not in _QUORUM_ONLY}
        queue["arguments"] = {**arguments, "x-queue-type": "classic"}
    return definitions
