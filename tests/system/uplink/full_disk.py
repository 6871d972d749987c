"""Fills a small disk of its own with reports, then delivers; prints how the books stand.

`python -m tests.system.uplink.full_disk FOLDER`, FOLDER being on a file system of about 5 MB.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import structlog

from edge_agent.uplink.outbox import Limits
from edge_agent.uplink.rows import Stored
from edge_agent.uplink.store import OutboxError
from tests.edge_agent.uplink.poles import Centre, drain, open_outbox, put
from wire.event import Severity


def main() -> None:
    folder = Path(sys.argv[1])
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(sys.stderr))
    outbox = open_outbox(folder, limits=Limits(reserve_bytes=1024 * 1024))
    committed: dict[str, list[Stored]] = {"minor": [], "moderate": [], "severe": []}

    def fill(severity: Severity, still_bytes: int) -> str:
        while True:
            still = os.urandom(still_bytes) if still_bytes else None
            try:
                committed[severity].append(put(outbox, severity, still))
            except OutboxError as error:
                return error.code

    codes = [fill("minor", 20_000)]
    # Somebody else takes the last byte.
    with (folder / "other").open("wb", buffering=0) as other:
        try:
            while True:
                other.write(bytes(4096))
        except OSError:
            pass
    codes += [fill("moderate", 0), fill("severe", 0)]
    centre = Centre()
    drain(outbox, centre)
    after = put(outbox, "minor")
    drain(outbox, centre)
    everything = [one for ones in committed.values() for one in ones]
    print(
        json.dumps(
            {
                "codes": codes,
                "severe": len(committed["severe"]),
                "severe_delivered": sum(one.id in centre.events for one in committed["severe"]),
                "covered": all(centre.covers(one) for one in (*everything, after)),
                # A put that said no must not have been committed all the same.
                "conjured": len(set(centre.events) - {one.id for one in (*everything, after)}),
                "given_up": sum(loss.count for loss in centre.losses),
                "left": outbox.figures().depth,
            }
        )
    )


if __name__ == "__main__":
    main()
