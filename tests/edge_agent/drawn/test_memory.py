"""What a trial may take: of the machine, and within the service's own bound."""

from __future__ import annotations

from pathlib import Path

from edge_agent.drawn.memory import PLENTY, free_bytes


def test_the_least_of_machine_and_service_counts(tmp_path: Path) -> None:
    assert free_bytes(tmp_path) == PLENTY
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/meminfo").write_text("MemTotal: 4000000 kB\nMemAvailable: 2000000 kB\n")
    assert free_bytes(tmp_path) == 2_000_000 * 1024
    (tmp_path / "proc/self/cgroup").write_text("0::/system.slice/polewatch-agent.service\n")
    group = tmp_path / "sys/fs/cgroup/system.slice/polewatch-agent.service"
    group.mkdir(parents=True)
    (group / "memory.stat").write_text("anon 700000000\nfile 400000000\n")
    (group / "memory.max").write_text("max\n")
    assert free_bytes(tmp_path) == 2_000_000 * 1024
    (group / "memory.high").write_text("1258291200\n")
    assert free_bytes(tmp_path) == 558_291_200
