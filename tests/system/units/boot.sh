#!/usr/bin/env bash
# Starts the units of docs/guide/systemd under a systemd of their own and says what became of them.
#
# A systemd as process 1 of new namespaces (mounts, processes, host name, IPC, cgroups) with /etc, /run,
# /var/lib, /var/log and /opt of its own; nothing of the machine changes. Needs root with
# CAP_SYS_ADMIN, systemd, and cgroups of version 1 or both (tried with 252). Not part of `make test`.
#   bash tests/system/units/boot.sh
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
self=$here/boot.sh
units="agent broker collector desk keeper rights signer"
hierarchies="systemd memory pids cpu unified"

outer() {
  work=$(mktemp -d /tmp/polewatch-units.XXXXXX)
  chmod 755 "$work"
  for one in $hierarchies; do
    mkdir "/sys/fs/cgroup/$one/$(basename "$work")"
    echo $$ >"/sys/fs/cgroup/$one/$(basename "$work")/cgroup.procs"
  done
  mkfifo "$work/told"
  setsid unshare --mount --pid --fork --mount-proc --uts --ipc --cgroup --kill-child \
    bash "$self" inner "$work" >"$work/systemd.log" 2>&1 </dev/null &
  manager=$!
  timeout 300 cat "$work/told" || true
  kill -KILL "$manager" 2>/dev/null || true
  wait "$manager" 2>/dev/null || true
  for one in $hierarchies; do
    echo $$ >"/sys/fs/cgroup/$one/cgroup.procs"
    find "/sys/fs/cgroup/$one/$(basename "$work")" -depth -type d -exec rmdir {} + 2>/dev/null || true
  done
  status=1
  [ -e "$work/fine" ] && status=0
  rm -rf "$work"
  return $status
}

inner() {
  work=$1
  mount --make-rprivate /
  mkdir "$work/etc" "$work/units"
  cp -a /etc/. "$work/etc/"
  mount --bind "$work/etc" /etc
  for place in /run /opt /var/lib /var/log; do mount -t tmpfs tmpfs $place; done
  mkdir -p /run/lock /var/lib/systemd /opt/polewatch/bin
  umount -R /sys/fs/cgroup
  mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
  mkdir /sys/fs/cgroup/{systemd,memory,pids,cpu,unified}
  mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
  for one in memory pids cpu; do mount -t cgroup -o $one cgroup /sys/fs/cgroup/$one; done
  mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified
  ip link set lo up 2>/dev/null || true
  : >/etc/fstab
  program
  for one in agent broker collector desk keeper signer; do
    useradd --system --no-create-home --shell /usr/sbin/nologin polewatch-$one
  done
  (cd "$work" && site) >"$work/site.log" 2>&1
  cp "$root"/docs/guide/systemd/*.service "$work/units/"
  for one in sysinit basic network-online time-sync network shutdown multi-user try; do
    printf '[Unit]\nDefaultDependencies=no\n' >"$work/units/$one.target"
  done
  printf '[Unit]\n[Slice]\n' >"$work/units/system.slice"
  printf 'Wants=try.service\n' >>"$work/units/try.target"
  printf '[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nStandardOutput=file:%s\nStandardError=inherit\nExecStart=/bin/bash %s try %s\n' \
    "$work/told" "$self" "$work" >"$work/units/try.service"
  # A minute of waiting for the watchdog is not what is tried.
  mkdir "$work/units/polewatch-agent.service.d"
  printf '[Service]\nWatchdogSec=6\n' >"$work/units/polewatch-agent.service.d/sooner.conf"
  export container=polewatch SYSTEMD_UNIT_PATH="$work/units"
  exec /lib/systemd/systemd --system --unit=try.target --show-status=0 --log-target=console
}

program() { # what the units start: this tree, by a Python that lies outside of people's homes
  python=$(readlink -f "$root/.venv/bin/python")
  case $python in /root/* | /home/*) python=/usr/bin/python3 ;; esac
  packages=$(echo "$root"/.venv/lib/python3*/site-packages)
  printf '#!/bin/sh\nexport PYTHONPATH=%s:%s PYTHONDONTWRITEBYTECODE=1\nexec %s -m polewatch "$@"\n' \
    "$root" "$packages" "$python" >/opt/polewatch/bin/polewatch
  chmod 755 /opt/polewatch/bin/polewatch
}

site() { # keys and configurations where the units look for them
  polewatch() { /opt/polewatch/bin/polewatch "$@"; }
  authority() { polewatch provision authority "$@" --folder authority; }
  polewatch provision authority init --folder authority --site gyeyang
  authority issue device pole-001
  authority issue agency police
  for one in broker collector desk signer; do authority issue service $one --role $one --host localhost; done
  authority claim box-001 >claim
  mkdir -p /etc/polewatch-broker /etc/polewatch-signer /etc/polewatch/{trust,collector}
  for place in /etc/polewatch-broker /etc/polewatch-signer /etc/polewatch; do
    cp -r authority $place/
    rm -rf $place/authority/identities
    chmod -R go+rX $place/authority
  done
  cp -r authority/identities/broker /etc/polewatch-broker/identity
  cp -r authority/identities/signer /etc/polewatch-signer/identity
  cp -r authority/identities/collector /etc/polewatch/collector/identity
  cp -r authority/identities/pole-001-1 /etc/polewatch/identity
  for one in collector signer; do cp authority/identities/$one/cert.pem /etc/polewatch/trust/$one.pem; done
  install -d -o polewatch-broker /var/lib/polewatch-broker
  polewatch broker config nats --out /etc/polewatch-broker/nats.conf --host 0.0.0.0 \
    --register /etc/polewatch-broker/authority/register.yaml --identity /etc/polewatch-broker/identity \
    --store /var/lib/polewatch-broker --log /var/log/polewatch-broker/nats.log
  trust=/etc/polewatch/trust
  echo "{routes: [{name: all, types: [intrusion], agencies: [police]}]}" >/etc/polewatch/routing.yaml
  cat >/etc/polewatch/collector.yaml <<END
{site: gyeyang, identity: /etc/polewatch/collector/identity, data: /var/lib/polewatch-collector,
 register_file: /etc/polewatch/authority/register.yaml, routing: routing.yaml,
 broker: {host: localhost, port: 8883, log_file: /var/log/polewatch-broker/nats.log},
 http: {host: 127.0.0.1, port: 8600},
 signer: {url: "http://127.0.0.1:8700", certificate: $trust/signer.pem}}
END
  shard=$(sed -n 's/.*shard: *//p' authority/register.yaml | tr -d "\"' " | head -n 1)
  cat >/etc/polewatch/agent.yaml <<END
{site: gyeyang, shard: "$shard", identity: /etc/polewatch/identity, data: /var/lib/polewatch,
 trust: {collector: $trust/collector.pem, signer: $trust/signer.pem},
 broker: {host: localhost, port: 8883}, cameras: [{id: gate, url: "rtsp://127.0.0.1:1/none"}]}
END
  cat >/etc/polewatch-signer/signer.yaml <<END
{identity: /etc/polewatch-signer/identity, data: /var/lib/polewatch-signer,
 register_file: /etc/polewatch-signer/authority/register.yaml, http: {host: 127.0.0.1, port: 8700}}
END
  mkdir -p /etc/polewatch-desk/sites box/identity
  cp -r authority/identities/desk /etc/polewatch-desk/identity
  cat >/etc/polewatch-desk/sites/box-001.yaml <<END
{city: gyeyang, pole: box-001, position: {latitude: 37.5, longitude: 126.7}, collector: {host: localhost},
 cameras: [{id: gate, url: "rtsp://127.0.0.1:1/none"}]}
END
  cat >/etc/polewatch-desk/desk.yaml <<END
{identity: identity, sites: sites, keys: /var/lib/polewatch-keys, data: /var/lib/polewatch-desk,
 http: {host: 127.0.0.1, port: 8444}}
END
  install -d -o polewatch-keeper -g polewatch-desk -m 2750 /var/lib/polewatch-keys
  install -d -o polewatch-keeper -m 0755 /var/lib/polewatch-register
  install -d -m 0700 /var/lib/polewatch-keeper
  cp -r authority /var/lib/polewatch-keeper/authority
  chown -R polewatch-keeper: /var/lib/polewatch-keeper
  chown -R polewatch-desk: /etc/polewatch-desk
  cp authority/ca.pem box/identity/ca.pem
  mv claim box/claim
  echo "{pole: box-001, desk: 'https://localhost:8444'}" >box/enrol.yaml
  chown -R polewatch-broker: /etc/polewatch-broker
  chown -R polewatch-signer: /etc/polewatch-signer
  chown -R polewatch-agent: /etc/polewatch/identity
  chown -R polewatch-collector: /etc/polewatch/collector
}

rows() { # a query to the collector's database
  python3 -c "import sqlite3, sys
path = 'file:/var/lib/polewatch-collector/collector.sqlite?mode=ro'
print(sqlite3.connect(path, uri=True).execute(sys.argv[1]).fetchall())" "$1"
}

within() { # seconds, words, a command that must come true
  for _ in $(seq "$(($1 * 2))"); do
    if "${@:3}" >/dev/null 2>&1; then echo "ok   $2"; return; fi
    sleep 0.5
  done
  echo "FAIL $2"
  failed=1
}

try() {
  work=$1 failed=0
  for one in broker rights signer collector agent desk keeper; do
    within 1 "$one starts" timeout 100 systemctl start polewatch-$one
  done
  for one in $units; do
    pid=$(property $one MainPID)
    limit=/sys/fs/cgroup/memory$(property $one ControlGroup)/memory.limit_in_bytes
    echo "     $one: $(property $one User), $(tr -s '\t' ' ' <"/proc/$pid/status" | grep -E 'CapEff|NoNewPrivs|Seccomp:' | tr '\n' ' ')at most $(cat "$limit") bytes"
  done
  within 30 "the collector hears the pole" heard "SELECT state FROM device" online
  python3 -c "import ssl, socket
c = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = ssl.CERT_NONE
c.wrap_socket(socket.create_connection(('127.0.0.1', 8883))).send(b'x')" 2>/dev/null || true
  within 20 "a stranger stands in the security log" heard "SELECT what FROM security_log" broker.certificate
  within 60 "a box enrols at the desk" polewatch provision enrol online --folder "$work/box" --patience 30
  within 20 "the keeper takes it in and publishes it" grep -q box-001-1 /var/lib/polewatch-register/register.yaml
  issuing=/var/lib/polewatch-keeper/authority/issuing/key.pem
  for one in collector signer desk broker agent; do
    within 1 "$one's account cannot read the issuing key" refused $one "$issuing"
  done
  within 1 "desk's account reads its keys" as desk cat /var/lib/polewatch-keys/desk-1/key.pem
  within 1 "collector's account cannot read the desk's keys" refused collector /var/lib/polewatch-keys/desk-1/key.pem
  within 1 "desk's account cannot write where the keeper does" refused_write desk /var/lib/polewatch-keys/planted
  kill -STOP "$(property agent MainPID)"
  within 30 "the watchdog starts a stopped agent again" restarted agent
  kill -KILL "$(property collector MainPID)"
  within 30 "a killed collector is started again" restarted collector
  within 1 "the broker is reloaded" systemctl reload polewatch-broker
  for one in agent keeper desk collector signer rights broker; do
    systemctl stop polewatch-$one
    within 1 "$one ends in order" test "$(property $one Result)" = success
  done
  [ "$failed" = 0 ] && touch "$work/fine"
}

polewatch() { /opt/polewatch/bin/polewatch "$@"; }
property() { systemctl show -p "$2" --value "polewatch-$1"; }
heard() { rows "$1" | grep -q "$2"; }
as() { setpriv --reuid "polewatch-$1" --regid "polewatch-$1" --init-groups "${@:2}"; }
refused() { test -e "$2" && ! as "$1" cat "$2"; }
refused_write() { ! as "$1" touch "$2"; }
restarted() { [ "$(property "$1" NRestarts)" -gt 0 ] && [ "$(property "$1" ActiveState)" = active ]; }

case ${1:-} in
  inner) inner "$2" ;;
  try) try "$2" ;;
  *) outer ;;
esac
