"""The least that a Python subscriber can do: paho to SQLite, acknowledged after the commit.

`python -m polewatch.bench.peers.paho_sqlite IDENTITY PORT DATABASE`: takes everything that devices
send, believes it unread, and prints a JSON line `{"stored": n}` after each commit. As durable as
the collector (WAL, `synchronous=FULL`, a persistent session); no signature, number, receipt,
incident or delivery. With `-` for DATABASE it counts and forgets: what the broker alone can do.
"""

from __future__ import annotations

import json
import queue
import sqlite3
import sys
import threading
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from wire.identity import Identity
from wire.topics import ALL_UP

BATCH = 200


def main() -> None:
    identity, port, file = Identity.load(Path(sys.argv[1])), int(sys.argv[2]), sys.argv[3]
    waiting: queue.Queue[mqtt.MQTTMessage] = queue.Queue()
    ready = threading.Event()
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=identity.client_id,
        clean_session=False,
        manual_ack=True,
    )
    client.tls_set_context(identity.tls_client())
    client.on_connect = lambda mine, *_: mine.subscribe(ALL_UP, qos=1)
    client.on_subscribe = lambda *_: ready.set()
    client.on_message = lambda _client, _data, message: waiting.put(message)
    run = None if file == "-" else _database(file)
    client.connect("127.0.0.1", port)
    client.loop_start()
    ready.wait(30)
    stored = 0
    print(json.dumps({"stored": stored}), flush=True)
    while True:
        batch = [waiting.get()]
        while len(batch) < BATCH and not waiting.empty():
            batch.append(waiting.get())
        if run is not None:
            run.execute("BEGIN IMMEDIATE")
            run.executemany(
                "INSERT INTO message (topic, payload) VALUES (?, ?)",
                [(one.topic, one.payload) for one in batch],
            )
            run.execute("COMMIT")
        for one in batch:
            client.ack(one.mid, one.qos)
        stored += len(batch)
        print(json.dumps({"stored": stored}), flush=True)


def _database(file: str) -> sqlite3.Connection:
    run = sqlite3.connect(file, isolation_level=None)
    run.execute("PRAGMA journal_mode = WAL")
    run.execute("PRAGMA synchronous = FULL")
    run.execute("CREATE TABLE message (n INTEGER PRIMARY KEY, topic TEXT, payload BLOB)")
    return run


if __name__ == "__main__":
    main()
