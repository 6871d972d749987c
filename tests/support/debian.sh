#!/usr/bin/env bash
# Installs the Debian packages that the tests need and that are not here yet; says which and why.
# Needs root or a sudo that asks nothing; without either it names the command to run.
set -euo pipefail

# package | what tells that it is here (a command, a file, or "-" for the package itself) | why
needed='
chromium                       | chromium    | the console is opened and played in a real browser
mosquitto                      | /usr/sbin/mosquitto | the second supported MQTT broker
coturn                         | turnserver  | media through a TURN relay
python3-gi                     | -           | drives the RTSP server below
gir1.2-gst-rtsp-server-1.0     | -           | RTSP cameras with H.264, B-frames and H.265
gstreamer1.0-plugins-base      | -           | parts of those cameras
gstreamer1.0-plugins-good      | -           | RTP payloads of those cameras
gstreamer1.0-plugins-bad       | -           | H.265 encoder of those cameras
gstreamer1.0-plugins-ugly      | -           | H.264 encoder of those cameras
gstreamer1.0-nice              | -           | ICE of a viewer that is webrtcbin
gir1.2-gst-plugins-bad-1.0     | -           | drives that viewer
iproute2                       | ip          | network namespaces: pole and viewer behind their routers
nftables                       | nft         | NAT of those routers
opencv-doc                     | /usr/share/doc/opencv-doc/examples/data/vtest.avi | a real street scene
nodejs                         | node        | runs npm
npm                            | npm         | fetches the published models that are converted anew
fonts-noto-cjk                 | -           | Korean text in screenshots
ffmpeg                         | ffmpeg      | the peer that recording is measured beside
tesseract-ocr                  | tesseract   | the peer that plates are read beside
tesseract-ocr-kor              | -           | its Korean model
openssl                        | openssl     | a second opinion on certificates
systemd                        | systemd-analyze | checks the units of docs/guide/systemd
util-linux                     | unshare     | mount namespaces for disks that are full
mount                          | losetup     | loop devices that cards are flashed to
e2fsprogs                      | mkfs.ext4   | images of boxes; a card that is mounted and must not be written
mtools                         | mcopy       | boot partitions of those images
fdisk                          | /usr/sbin/sfdisk | judges their partition tables
git                            | git         | lists the tracked files
'

trim() { sed -E 's/^[[:space:]]+|[[:space:]]+$//g' <<<"$1"; }

present() { # package, sign
  case "$2" in
    -) dpkg-query --show --showformat='${Status}' "$1" 2>/dev/null | grep -q '^install ok installed$' ;;
    /*) [ -e "$2" ] ;;
    *) command -v "$2" >/dev/null ;;
  esac
}

if ! command -v apt-get >/dev/null; then
  echo "the tests need these programs, and this machine has no apt-get to install them with:" >&2
  echo "$needed" >&2
  exit 1
fi

missing=()
while IFS='|' read -r package sign why; do
  package=$(trim "$package") sign=$(trim "$sign") why=$(trim "$why")
  [ -n "$package" ] || continue
  if ! present "$package" "$sign"; then
    echo "missing: $package ($why)"
    missing+=("$package")
  fi
done <<<"$needed"
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! sudo -n true 2>/dev/null; then
    echo "installing needs root; run this yourself, then start again:" >&2
    echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo -n)
fi
echo "installing with apt-get: ${missing[*]}"
record=$(mktemp)
{
  "${as_root[@]}" apt-get update
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends -o Dpkg::Use-Pty=0 "${missing[@]}"
} </dev/null >"$record" 2>&1 || { tail -n 40 "$record" >&2; exit 1; }
rm -f "$record"

for package in "${missing[@]}"; do
  dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' \
    || { echo "$package did not get installed" >&2; exit 1; }
done
