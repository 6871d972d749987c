"""What there is to see of a camera, asked of its pole for the scrub bar: times, no pictures."""

from __future__ import annotations

from collector.commander import Commander, CommandError
from collector.problems import ProblemError
from wire.command import RecordingShow
from wire.recording import Recording, RecordingQuestion


class Recordings:
    """Asks poles."""

    def __init__(self, commander: Commander) -> None:
        self._commander = commander

    async def show(self, device: str, asked: RecordingQuestion) -> Recording:
        """Recorded and held spans; raises ProblemError, as when the pole is offline."""
        try:
            reply = await self._commander.ask(device, RecordingShow(question=asked))
        except CommandError as error:
            raise ProblemError(error.code, error.detail) from error
        if reply.recording is None:
            raise ProblemError("internal", "the device answered without its recording")
        return reply.recording
