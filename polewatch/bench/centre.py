"""The centre under a city's load: one collector with its broker, beside the broker alone and the
least that a Python subscriber can do, in one run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from polewatch.bench import centre_peers
from polewatch.bench.centre_peers import Ceilings
from polewatch.fleet.device import LINK
from polewatch.fleet.options import Kind
from polewatch.fleet.run import play
from polewatch.fleet.simulation import Drained, Plan, Report
from polewatch.performance.result import Figure, Peer, Result, result

P99_MS = 250.0
"""From a device's socket to the agency's program, with everybody's figures beside it."""
QUICK = Plan(seconds=0, burst=2000, backlog=0, misbehaving=0)
QUICK_DEVICES = 50
TITLES: dict[Kind, str] = {
    "nats": "One collector with nats-server",
    "mosquitto": "One collector with mosquitto",
    "cluster": "One collector with three nats-servers, one killed in the storm",
}


@dataclass(frozen=True, slots=True)
class CentreBench:
    """One run."""

    broker: Kind
    plan: Plan
    fleet: Report
    ceilings: Ceilings

    @property
    def burst_per_s(self) -> float | None:
        return None if self.fleet.burst is None else self.fleet.burst.per_s

    @property
    def of_paho_sqlite(self) -> float | None:
        """The collector's messages a second in the burst, as a share of the peer's."""
        burst = self.burst_per_s
        return None if burst is None else round(burst / self.ceilings.paho_sqlite_per_s, 3)


def measure(kind: Kind, devices: int, plan: Plan, tell: Callable[[str], None]) -> CentreBench:
    """The whole run. Raises what `polewatch.fleet.run.play` does."""
    ceilings = centre_peers.measure(kind, max(500, plan.burst // 50 * 50))
    tell(f"the broker alone: {ceilings.broker_per_s:.0f} messages a second")
    tell(f"paho to SQLite: {ceilings.paho_sqlite_per_s:.0f} messages a second")
    return CentreBench(kind, plan, play(devices, kind, plan, tell), ceilings)


def kept(found: CentreBench, command: str) -> Result:
    """For the page of performance."""
    fleet, plan = found.fleet, found.plan
    paho = Peer(name="paho → SQLite, nothing checked", value=found.ceilings.paho_sqlite_per_s)
    bare = Peer(name="broker → paho that counts", value=found.ceilings.broker_per_s)
    figures = [
        Figure(
            label="all connected, mutual TLS", value=fleet.connect_s, unit="s",
            basis=f"{fleet.devices} devices at once",
        ),
        *_steady(found),
        *_drained("burst", fleet.burst, (paho, bare)),
        *_drained("storm", fleet.storm, ()),
    ]  # fmt: skip
    if fleet.storm is not None:
        figures.append(
            Figure(
                label="storm: all connected again", value=fleet.storm.connected_s, unit="s",
                basis=f"within {plan.spread_s:g} s, while their backlogs come",
            )
        )  # fmt: skip
    figures += [
        Figure(label=f"memory of the {name}", value=used, unit="MB", basis="after all of it")
        for name, used in fleet.rss_mb.items()
    ]
    figures.append(_books(fleet))
    if fleet.stored is not None and fleet.balance is not None:
        figures.append(
            Figure(
                label="database a message",
                value=round(
                    (fleet.stored.megabytes * 1e6 - _still_bytes(fleet, plan))
                    / fleet.stored.messages
                ),
                unit="bytes",
                basis="its incidents and deliveries included, pictures not",
            )
        )
        figures.append(
            Figure(
                label="database a finding, for a year",
                value=round(fleet.stored.incidents_megabytes * 1e6 / fleet.balance.findings),
                unit="bytes",
                basis="incidents, steps and deliveries: what outlives the messages",
            )
        )
    return result(
        f"centre-{found.broker}",
        "centre",
        TITLES[found.broker],
        command=command,
        condition=(
            f"{fleet.devices} simulated devices, broker and collector on the same machine as they"
            f" ship; {plan.rate:g} messages a second for {plan.seconds:g} s with pictures of"
            f" {plan.still_bytes // 1000} KB and everybody's figures every"
            f" {LINK.health_interval_s:g} s; {plan.burst} at once; then all vanish and come back"
            f" with {plan.backlog // 2 * 2} messages each;"
            f" {plan.misbehaving} devices misbehave; killed in the storm: {plan.killed}"
        ),
        figures=tuple(figures),
        notes=(
            "Devices, agencies, broker and collector share the machine's cores; in the field a"
            " device has its own.",
        ),
    )


def _steady(found: CentreBench) -> list[Figure]:
    steady = found.fleet.steady
    if steady is None:
        return []
    ms = steady.latency_ms
    cores = [
        Figure(
            label=f"steady: cores that the {name} takes", value=used, basis="CPU seconds a second"
        )
        for name, used in steady.cpu_s_per_s.items()
    ]
    beside = f"{steady.health_messages / steady.seconds:.0f} reports of figures a second beside"
    return [
        Figure(
            label="steady: device → agency, p99", value=ms.p99, unit="ms", goal=P99_MS,
            basis=f"{ms.findings} findings, {beside}",
        ),
        Figure(label="steady: device → agency, p50", value=ms.p50, unit="ms"),
        Figure(
            label="steady: messages", value=round(steady.messages / steady.seconds, 1), unit="/s"
        ),
        Figure(
            label="steady: reports of figures",
            value=round(steady.health_messages / steady.seconds, 1),
            unit="/s",
        ),
        *cores,
    ]  # fmt: skip


def _drained(name: str, part: Drained | None, peers: tuple[Peer, ...]) -> list[Figure]:
    if part is None:
        return []
    per_s = [
        Figure(
            label=f"{name}: messages receipted", value=part.per_s, unit="/s", peer=peer,
            basis=f"{part.messages} messages, verified, in incidents, told to agencies",
        )
        for peer in peers or (None,)
    ]  # fmt: skip
    cpu = part.cpu_s.get("collector")
    spent = None if cpu is None else round(cpu / part.messages * 1000, 2)
    return [
        *per_s,
        Figure(label=f"{name}: until the last receipt", value=part.receipted_s, unit="s"),
        Figure(label=f"{name}: until the agencies have all", value=part.delivered_s, unit="s"),
        Figure(label=f"{name}: collector's CPU a message", value=spent, unit="ms"),
    ]


def _books(fleet: Report) -> Figure:
    balance, stored = fleet.balance, fleet.stored
    if balance is None or stored is None:
        return Figure(label="books: faults", value=None, goal=0, basis="not closed")
    told = (
        f"{balance.put} messages put = {balance.receipted} receipted; {balance.findings} findings ="
        f" {balance.delivered} delivered, each once; {balance.repeated} deliveries and"
        f" {stored.duplicates} messages came again and were dropped by id"
    )
    if fleet.killed != "none":
        told += f"; the {fleet.killed} was killed after {fleet.killed_after} receipts of the storm"
    faults = f"; wrong: {', '.join(fleet.faults)}" if fleet.faults else ""
    return Figure(label="books: faults", value=len(fleet.faults), goal=0, basis=told + faults)


def _still_bytes(fleet: Report, plan: Plan) -> float:
    stills = 0 if fleet.balance is None else fleet.balance.stills
    return float(stills * plan.still_bytes)
