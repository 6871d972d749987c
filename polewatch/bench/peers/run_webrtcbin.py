"""GStreamer's webrtcbin as a pole: one RTSP camera, read once, its H.264 passed on to viewers.

`/usr/bin/python3 run_webrtcbin.py rtsp://…` runs under the system's Python, which has GStreamer's
bindings. It prints {"ready": true} when pictures come; then takes {"offer": SDP} and gives
{"answer": SDP}, one JSON object a line; {"end": true} ends the newest viewer.
Debian packages: python3-gi, gir1.2-gst-plugins-bad-1.0, gstreamer1.0-nice, -plugins-good and -bad.
"""

import json
import re
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402 - versions come first

CAMERA = (
    "rtspsrc location={url} protocols=tcp latency=0 ! rtph264depay "
    "! h264parse config-interval=-1 ! tee name=camera allow-not-linked=true"
)
# A viewer offers Baseline and plays High; the fields would keep the two from agreeing.
VIEWER = (
    "queue name=first ! rtph264pay config-interval=-1 aggregate-mode=zero-latency pt={pt} "
    "! capssetter join=true "
    "caps=application/x-rtp,profile-level-id=(string)42001f,profile=(string)baseline "
    "! webrtcbin name=peer bundle-policy=max-bundle"
)
ICE_COMPLETE = GstWebRTC.WebRTCICEGatheringState.COMPLETE


def tell(**what):
    print(json.dumps(what), flush=True)


class Pole:
    def __init__(self, url):
        self.pipeline = Gst.parse_launch(CAMERA.format(url=url))
        self.tee = self.pipeline.get_by_name("camera")
        self.viewers = []
        pad = self.tee.get_static_pad("sink")
        pad.add_probe(Gst.PadProbeType.BUFFER, self.first_picture)
        self.pipeline.set_state(Gst.State.PLAYING)

    def first_picture(self, _pad, _info):
        tell(ready=True)
        return Gst.PadProbeReturn.REMOVE

    def answer(self, offer):
        branch = Gst.parse_bin_from_description(VIEWER.format(pt=baseline_of(offer)), False)
        entrance = branch.get_by_name("first").get_static_pad("sink")
        branch.add_pad(Gst.GhostPad.new("sink", entrance))
        peer = branch.get_by_name("peer")
        self.pipeline.add(branch)
        branch.sync_state_with_parent()
        exit_pad = self.tee.request_pad_simple("src_%u")
        exit_pad.link(branch.get_static_pad("sink"))
        self.viewers.append((branch, exit_pad))
        _, message = GstSdp.SDPMessage.new_from_text(offer)
        described = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.OFFER, message)
        peer.connect("notify::ice-gathering-state", self.gathered)
        promise = Gst.Promise.new_with_change_func(self.described, peer)
        peer.emit("set-remote-description", described, promise)
        return False

    def described(self, _promise, peer):
        promise = Gst.Promise.new_with_change_func(self.answered, peer)
        peer.emit("create-answer", None, promise)

    def answered(self, promise, peer):
        reply = promise.get_reply()
        peer.emit("set-local-description", reply.get_value("answer"), Gst.Promise.new())

    def gathered(self, peer, _property):
        if peer.get_property("ice-gathering-state") == ICE_COMPLETE:
            tell(answer=peer.get_property("local-description").sdp.as_text())

    def end(self):
        branch, exit_pad = self.viewers.pop()
        exit_pad.unlink(branch.get_static_pad("sink"))
        self.tee.release_request_pad(exit_pad)
        branch.set_state(Gst.State.NULL)
        self.pipeline.remove(branch)
        tell(ended=True)
        return False


def baseline_of(offer):
    """Payload type of H.264 Baseline 3.1 that may be sent in fragments."""
    for pt in re.findall(r"a=rtpmap:(\d+) H264/90000", offer):
        parameters = re.search(rf"a=fmtp:{pt} (.*)", offer)
        text = parameters.group(1) if parameters else ""
        if "packetization-mode=1" in text and "profile-level-id=42001f" in text:
            return pt
    raise SystemExit("the offer holds no H.264 Baseline")


def listen(pole, loop):
    for line in sys.stdin:
        asked = json.loads(line)
        if "offer" in asked:
            GLib.idle_add(pole.answer, asked["offer"])
        else:
            GLib.idle_add(pole.end)
    loop.quit()


def main():
    Gst.init(None)
    loop = GLib.MainLoop()
    pole = Pole(sys.argv[1])
    threading.Thread(target=listen, args=(pole, loop), daemon=True).start()
    loop.run()
    pole.pipeline.set_state(Gst.State.NULL)


if __name__ == "__main__":
    main()
