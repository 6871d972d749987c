"""A camera made of GStreamer's RTSP server; runs under the system's Python, which has its bindings.

`/usr/bin/python3 gst_camera.py --codec h264 …` prints its URL as one line when it listens.
Debian packages: python3-gi, gir1.2-gst-rtsp-server-1.0, gstreamer1.0-plugins-good, -bad and -ugly.
"""

import argparse
import signal
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402 - versions come first

X264 = "x264enc speed-preset=ultrafast bitrate=300 key-int-max={fps} option-string=scenecut=0 "
PIPELINES = {
    "h264": X264 + "tune=zerolatency ! rtph264pay name=pay0 pt=96 config-interval={config}",
    "b-frames": "x264enc speed-preset=veryfast bitrate=300 key-int-max={fps} rc-lookahead=3 "
    "bframes=2 b-adapt=false ! video/x-h264,profile=main "
    "! rtph264pay name=pay0 pt=96 config-interval=1",
    "hevc": "x265enc speed-preset=ultrafast tune=zerolatency bitrate=300 key-int-max={fps} "
    "! rtph265pay name=pay0 pt=96 config-interval=1",
}
PICTURE = (
    "videotestsrc is-live=true pattern=ball ! videoscale ! videoconvert "
    "! capsfilter name=size caps=video/x-raw,format=I420,width={width},height={height},"
    "framerate={fps}/1 ! "
)
SOUND = "audiotestsrc is-live=true wave=silence ! alawenc ! rtppcmapay name=pay{number} pt=8"


def launch_line(given):
    if given.codec == "sound":
        return "( " + SOUND.format(number=0) + " )"
    video = (PICTURE + PIPELINES[given.codec]).format(
        width=given.width, height=given.height, fps=given.fps, config=1 if given.in_band else 0
    )
    return "( " + video + (" " + SOUND.format(number=1) if given.with_sound else "") + " )"


def resize_later(_factory, media, given):
    size = media.get_element().get_by_name("size")
    caps = Gst.Caps.from_string(
        f"video/x-raw,format=I420,width={given.width * 2},height={given.height * 2},"
        f"framerate={given.fps}/1"
    )
    GLib.timeout_add(int(given.resize_after * 1000), lambda: size.set_property("caps", caps))


def require_password(server, factory, user, password):
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", user)
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role(user, "media.factory.access", True)
    permissions.add_permission_for_role(user, "media.factory.construct", True)
    factory.set_permissions(permissions)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--codec", choices=[*PIPELINES, "sound"], default="h264")
    parser.add_argument("--port", default="0")
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--width", type=int, default=160)
    parser.add_argument("--height", type=int, default=120)
    parser.add_argument("--fps", type=int, default=10)
    parser.add_argument("--resize-after", type=float, default=0)
    parser.add_argument("--with-sound", action="store_true")
    parser.add_argument("--in-band", action="store_true")
    parser.add_argument("--user")
    parser.add_argument("--password")
    given = parser.parse_args()

    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address(given.address)
    server.set_service(given.port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(launch_line(given))
    factory.set_shared(True)
    if given.resize_after:
        factory.connect("media-configure", resize_later, given)
    if given.user:
        require_password(server, factory, given.user, given.password)
    server.get_mount_points().add_factory("/stream", factory)
    if not server.attach(None):
        sys.exit(f"cannot listen on port {given.port}")
    loop = GLib.MainLoop()
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGTERM, loop.quit)
    print(f"rtsp://{given.address}:{server.get_bound_port()}/stream", flush=True)
    loop.run()


if __name__ == "__main__":
    main()
