"""What a stream is, learned from its first keyframe."""

from __future__ import annotations

import av
import av.error

from edge_agent.camera import nal
from edge_agent.camera.packet import StreamInfo


def probe(codec: nal.Codec, keyframe: bytes) -> StreamInfo | None:
    """Decode one keyframe (Annex B, parameter sets in band); None when it does not decode.

    One decoded picture a connection costs less than libav's own probing, which holds the stream
    back for seconds.
    """
    context = av.CodecContext.create(codec, "r")
    context.thread_count = 1
    try:
        pictures = [*context.decode(av.Packet(keyframe)), *context.decode(None)]
    except av.error.FFmpegError:
        return None
    if not pictures:
        return None
    return StreamInfo(
        codec=codec,
        width=pictures[0].width,
        height=pictures[0].height,
        fps=float(context.framerate or 0),
        has_b_frames=False,
        parameter_sets=nal.join(nal.parameter_sets(codec, nal.split(keyframe))),
    )
