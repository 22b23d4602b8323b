"""Durable throughput and processor time of one worker, beside rivals that do the same work.

Rounds are interleaved: each contender once a round, beginning with another one each time. A ratio is that of two
figures of the same round, so that what disturbs the machine for a while disturbs both.
"""

from harness import statistics
from harness.bench import Bench, say
from harness.broker import VirtualHost
from harness.contenders import ALL, CELERY, GO, PIKA, REFERENCE, WORKER, Contender
from harness.results import Goal, Part
from harness.rounds import Round, measure

_MEGABYTE = 1e6
# What a worker must reach of each rival's throughput.
_GOALS = {REFERENCE.name: 1.0, GO.name: 2.0, PIKA.name: 5.0, CELERY.name: 10.0}
# How many times the processor time of the C reference a worker may take.
_PROCESSOR_GOAL = 3.0


def run(bench: Bench, part: Part) -> None:
    part.settings = {"messages": bench.options.messages, "rounds": bench.options.rounds,
                     "requestBytes": round(bench.request_bytes), "eventBytes": bench.event_bytes}
    quorum = _interleave(bench, bench.broker.quorum, ALL)
    _add_figures(part, "quorum", ALL, quorum)
    _add_ratios(part, quorum)
    both = [WORKER, REFERENCE]
    classic = _interleave(bench, bench.broker.classic, both)
    _add_figures(part, "classic", both, classic)
    part.add("throughput, classic queue: of the C reference", "×", _rates_beside(classic, WORKER, REFERENCE))


def _interleave(bench: Bench, host: VirtualHost, contenders: list[Contender]) -> dict[str, list[Round]]:
    found: dict[str, list[Round]] = {contender.name: [] for contender in contenders}
    for number in range(bench.options.rounds):
        turn = number % len(contenders)
        for contender in contenders[turn:] + contenders[:turn]:
            one = measure(bench, host, contender, bench.options.messages)
            found[contender.name].append(one)
            say(f"  round {number + 1}, {host.kind}, {contender.title}: {one.rate:.0f} a second, "
                f"{one.processor_microseconds:.1f} µs each")
    return found


def _add_figures(part: Part, kind: str, contenders: list[Contender], found: dict[str, list[Round]]) -> None:
    for contender in contenders:
        rates = [one.rate for one in found[contender.name]]
        part.add(f"throughput, {kind} queue: {contender.title}", "messages/s", rates, note=contender.does)
    for contender in contenders:
        used = [one.processor_microseconds for one in found[contender.name]]
        part.add(f"processor time, {kind} queue: {contender.title}", "µs/message", used)
    for contender in contenders:
        used = [one.broker_microseconds for one in found[contender.name]]
        part.add(f"broker's processor time, {kind} queue: {contender.title}", "µs/message", used)
    peak = max(one.peak_bytes for one in found[WORKER.name])
    part.add(f"memory, {kind} queue: {WORKER.title}", "MB", peak / _MEGABYTE, note="the most of all rounds")


def _rates_beside(found: dict[str, list[Round]], one: Contender, other: Contender) -> list[float]:
    return statistics.ratios(
        [measured.rate for measured in found[one.name]], [measured.rate for measured in found[other.name]])


def _add_ratios(part: Part, found: dict[str, list[Round]]) -> None:
    for rival in (REFERENCE, GO, PIKA, CELERY):
        part.add(f"throughput: worker of {rival.title}", "×", _rates_beside(found, WORKER, rival),
                 Goal(at_least=_GOALS[rival.name]))
    # What the broker lets anybody do here, who neither reads nor decides.
    for rival in (GO, PIKA, CELERY):
        part.add(f"throughput: {REFERENCE.title} of {rival.title}", "×", _rates_beside(found, REFERENCE, rival))
    used = {name: [one.processor_microseconds for one in rounds] for name, rounds in found.items()}
    part.add(f"processor time: worker of {REFERENCE.title}", "×",
             statistics.ratios(used[WORKER.name], used[REFERENCE.name]), Goal(at_most=_PROCESSOR_GOAL))
    for rival in (GO, PIKA, CELERY):
        part.add(f"processor time: {rival.title} of worker", "×",
                 statistics.ratios(used[rival.name], used[WORKER.name]))
