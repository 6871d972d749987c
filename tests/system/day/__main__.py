"""`make day`: a day at the centre as a timeline, with its books; exit code 1 where it fails."""

from __future__ import annotations

import argparse
import sys
import tempfile
import traceback
from pathlib import Path

from tests.system.day.scenes import play_day
from tests.system.day.story import Story
from tests.system.day.town import Town
from wire import logs


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.system.day", description=__doc__)
    parser.add_argument("--broker", choices=["nats", "mosquitto"], default="nats")
    parser.add_argument(
        "--keep", type=Path, help="folder for keys, databases and logs; else they go"
    )
    given = parser.parse_args()
    logs.quiet()
    if given.keep is not None:
        return _day(given.keep.resolve(), given.broker)
    with tempfile.TemporaryDirectory(prefix="polewatch-day-") as folder:
        return _day(Path(folder), given.broker)


def _day(folder: Path, broker: str) -> int:
    story = Story(lambda text: print(text, flush=True))
    story.line(
        "a day at the centre: broker, collector, signer, two poles, 112, 119 and a disaster room"
    )
    try:
        with Town(folder, "mosquitto" if broker == "mosquitto" else "nats") as town:
            story.tell("everything is up")
            play_day(town, story)
    except Exception:
        traceback.print_exc()
        print("make day: it went wrong; python -m tests.system.day --keep FOLDER keeps the logs")
        return 1
    story.line(f"\nthe day is over, in {story.seconds:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
