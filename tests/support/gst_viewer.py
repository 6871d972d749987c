"""A viewer made of GStreamer's webrtcbin; runs under the system's Python, which has its bindings.

Speaks lines: takes {"servers": […]} and gives {"fingerprint": …, "offer": …} as JSON; takes the
answer as JSON and counts access units until there are --pictures, then gives {"pictures": …}.
Debian: python3-gi, gir1.2-gst-plugins-bad-1.0, gstreamer1.0-plugins-bad, gstreamer1.0-nice.
"""

import argparse
import json
import re
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402 - versions come first

H264 = (
    "application/x-rtp,media=video,encoding-name=H264,payload=102,clock-rate=90000,"
    "packetization-mode=(string)1,profile-level-id=(string)42e01f"
)
GATHERED = GstWebRTC.WebRTCICEGatheringState.COMPLETE


def say(**what):
    print(json.dumps(what), flush=True)


class Viewer:
    def __init__(self, pictures):
        self.wanted = pictures
        self.pictures = 0
        self.keyframes = 0
        self.loop = GLib.MainLoop()
        self.pipeline = Gst.Pipeline.new()
        self.rtc = Gst.ElementFactory.make("webrtcbin")
        if self.rtc is None:
            sys.exit("webrtcbin is missing: apt install gstreamer1.0-plugins-bad gstreamer1.0-nice")
        self.rtc.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
        self.pipeline.add(self.rtc)
        self.rtc.connect("pad-added", self.receive)
        self.rtc.connect("notify::ice-gathering-state", self.gathered)

    def offer(self, servers):
        for url in servers:
            if url.startswith("stun:"):
                self.rtc.set_property("stun-server", url.replace("stun:", "stun://"))
            else:
                self.rtc.emit("add-turn-server", url)
        self.pipeline.set_state(Gst.State.READY)
        caps = Gst.Caps.from_string(H264)
        self.rtc.emit("add-transceiver", GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY, caps)
        self.pipeline.set_state(Gst.State.PLAYING)
        self.rtc.emit("create-offer", None, Gst.Promise.new_with_change_func(self.offered))

    def offered(self, promise):
        # Held by name: the offer lies inside the reply, which ends with its last holder.
        reply = promise.get_reply()
        offer = reply.get_value("offer")
        self.rtc.emit("set-local-description", offer, Gst.Promise.new())

    def gathered(self, rtc, _property):
        if rtc.get_property("ice-gathering-state") != GATHERED:
            return
        sdp = rtc.get_property("local-description").sdp.as_text()
        found = re.search(r"a=fingerprint:sha-256 (\S+)", sdp)
        say(fingerprint=found.group(1).upper(), offer=sdp)
        threading.Thread(target=self.take_answer, daemon=True).start()

    def take_answer(self):
        text = json.loads(sys.stdin.readline())
        _, message = GstSdp.SDPMessage.new_from_text(text)
        answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
        self.rtc.emit("set-remote-description", answer, Gst.Promise.new())

    def receive(self, _rtc, pad):
        chain = Gst.parse_bin_from_description(
            "rtph264depay ! h264parse ! video/x-h264,alignment=au ! fakesink name=sink sync=false",
            True,
        )
        sink = chain.get_by_name("sink")
        sink.get_static_pad("sink").add_probe(Gst.PadProbeType.BUFFER, self.count)
        self.pipeline.add(chain)
        chain.sync_state_with_parent()
        pad.link(chain.get_static_pad("sink"))

    def count(self, _pad, info):
        self.pictures += 1
        self.keyframes += not info.get_buffer().has_flags(Gst.BufferFlags.DELTA_UNIT)
        if self.pictures >= self.wanted:
            self.loop.quit()
        return Gst.PadProbeReturn.OK


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=30)
    parser.add_argument("--seconds", type=int, default=20)
    given = parser.parse_args()
    Gst.init(None)
    viewer = Viewer(given.pictures)
    GLib.timeout_add_seconds(given.seconds, viewer.loop.quit)
    viewer.offer(json.loads(sys.stdin.readline())["servers"])
    viewer.loop.run()
    viewer.pipeline.set_state(Gst.State.NULL)
    say(pictures=viewer.pictures, keyframes=viewer.keyframes)


if __name__ == "__main__":
    main()
