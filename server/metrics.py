"""What a node counts, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

CONTENT_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """The web process' figures; names begin with `twinhall_`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.sockets = Gauge("twinhall_sockets", "Open pages.", registry=self.registry)
        self.commands = Counter(
            "twinhall_commands", "Commands by answer: done, or the refusal's code.", ["answer"], registry=self.registry
        )
        self.dropped = Counter(
            "twinhall_dropped", "Messages and signals that were not understood.", ["kind"], registry=self.registry
        )
        self.cut_off = Counter("twinhall_readers_cut_off", "Pages too slow for their views.", registry=self.registry)
        self.entries = Counter("twinhall_journal_entries", "Entries made durable.", registry=self.registry)
        self.writable = Gauge(
            "twinhall_store_writable",
            "1 while the journal or the vault takes writes.",
            ["store"],
            registry=self.registry,
        )
        self.entered = Counter("twinhall_entered", "POST /enter by answer.", ["answer"], registry=self.registry)
        self.relay = Gauge("twinhall_relay_up", "1 while a relay answers.", registry=self.registry)
        self.sessions = Gauge("twinhall_relay_sessions", "Media sessions of the relay.", registry=self.registry)
        self.packets = Gauge("twinhall_relay_packets_per_s", "RTP packets sent per second.", registry=self.registry)
        of = ["conference"]
        self.owner = Gauge("twinhall_owner", "1 where this process decides.", of, registry=self.registry)
        self.takeovers = Counter("twinhall_takeovers", "Times this process became owner.", of, registry=self.registry)
        self.behind = Gauge("twinhall_behind", "Entries not seen here yet.", of, registry=self.registry)
        self.out_of_turn = Counter(
            "twinhall_entries_out_of_turn", "Entries skipped or read again where they are told: 0.", of,
            registry=self.registry,
        )  # fmt: skip
        self.clock_offset = Gauge(
            "twinhall_clock_offset_ms", "What this process' clock is ahead of Redis'.", registry=self.registry
        )
        self.clock_bound = Gauge(
            "twinhall_clock_bound_ms", "What this process' clock may be off at most.", registry=self.registry
        )
        self.processes = Gauge("twinhall_web_processes", "Web processes of this node.", registry=self.registry)
        self.processes.set(1)

    def text(self) -> bytes:
        """All figures in the exposition format."""
        return generate_latest(self.registry)
