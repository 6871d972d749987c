"""A register in, a broker's configuration out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from collector.broker.mosquitto import mosquitto_config, mosquitto_rights
from collector.broker.nats import Cluster, nats_config, subjects
from collector.broker.settings import BrokerSettings
from wire.register import AgencyEntry, DeviceEntry, Register, ServiceEntry

SETTINGS = BrokerSettings(Path("/etc/polewatch/broker"), Path("/var/lib/polewatch/broker"))
REGISTER = Register(
    site="here",
    devices=(
        DeviceEntry(name="p-1", certificate=Path("p-1.pem"), pole="p", generation=1, shard="0a"),
        DeviceEntry(
            name="q-1",
            certificate=Path("q-1.pem"),
            pole="q",
            generation=1,
            shard="0b",
            revoked=True,
        ),
    ),
    agencies=(AgencyEntry(name="police", certificate=Path("police.pem")),),
    services=(
        ServiceEntry(name="centre", certificate=Path("centre.pem"), role="collector"),
        ServiceEntry(name="ears", certificate=Path("ears.pem"), role="words"),
        ServiceEntry(name="broker", certificate=Path("broker.pem"), role="broker"),
    ),
)


def nats_users(text: str) -> dict[str, dict[str, dict[str, list[str]]]]:
    found = [json.loads(line) for line in re.findall(r'^ +(\{"user".*\})$', text, re.MULTILINE)]
    return {user["user"]: user["permissions"] for user in found}


@pytest.mark.parametrize(
    ("topic_filter", "expected"),
    [
        ("pw/up/#", ("pw.up", "pw.up.>")),
        ("pw/agency/+/in/#", ("pw.agency.*.in", "pw.agency.*.in.>")),
        ("pw/up/here/0a/p-1/event", ("pw.up.here.0a.p-1.event",)),
    ],
)
def test_mqtt_filters_become_nats_subjects(topic_filter: str, expected: tuple[str, ...]) -> None:
    assert subjects(topic_filter) == expected


def test_nats_users_are_the_enrolled_ones_and_each_has_its_own_subtree() -> None:
    users = nats_users(nats_config(REGISTER, SETTINGS))
    assert set(users) == {"p-1", "police", "centre", "ears"}
    heard = ["pw.agency.*.out", "pw.agency.*.out.>", "$MQTT.sub.>"]
    assert users["ears"]["subscribe"] == {"allow": heard}
    assert users["ears"]["publish"] == users["centre"]["publish"]
    assert users["p-1"]["publish"]["allow"] == ["pw.up.here.0a.p-1", "pw.up.here.0a.p-1.>"]
    assert users["p-1"]["subscribe"]["allow"] == [
        "pw.down.here.0a.p-1",
        "pw.down.here.0a.p-1.>",
        "$MQTT.sub.>",
    ]


def test_nats_listeners_all_ask_for_certificates() -> None:
    text = nats_config(REGISTER, SETTINGS)
    assert text.count("verify_and_map: true") == 2
    assert text.count("listen") == 1
    assert "http" not in text
    assert "sync_interval" not in text
    assert "sync_interval: always" in nats_config(REGISTER, SETTINGS, sync_always=True)


def test_mosquitto_rights_name_the_enrolled_ones_and_the_broker_only() -> None:
    found = json.loads(mosquitto_rights(REGISTER))
    known = [one["username"] for one in found["clients"]]
    assert known == ["p-1", "police", "centre", "ears", "broker"]
    assert found["defaultACLAccess"] == {
        "publishClientSend": False,
        "publishClientReceive": False,
        "subscribe": False,
        "unsubscribe": True,
    }
    roles = {
        one["rolename"]: [(acl["acltype"], acl["topic"]) for acl in one["acls"]]
        for one in found["roles"]
    }
    assert roles["p-1"] == [
        ("publishClientSend", "pw/up/here/0a/p-1/#"),
        ("subscribePattern", "pw/down/here/0a/p-1/#"),
        ("publishClientReceive", "pw/down/here/0a/p-1/#"),
    ]
    assert [acl for acl in roles["centre"] if acl[0] == "publishClientSend"] == [
        ("publishClientSend", "pw/down/#"),
        ("publishClientSend", "pw/agency/+/in/#"),
    ]
    heard = ("subscribePattern", "publishClientReceive")
    assert {topic for way, topic in roles["ears"] if way in heard} == {"pw/agency/+/out/#"}
    assert [acl for acl in roles["ears"] if acl[0] not in heard] == roles["centre"][:2]
    assert {topic for _, topic in roles["broker"]} == {"$CONTROL/dynamic-security/#"}


def test_mosquitto_has_one_listener_with_mutual_tls_and_the_revocations() -> None:
    text = mosquitto_config(
        REGISTER, SETTINGS, rights=Path("/etc/rights.json"), revocations=Path("/etc/crl.pem")
    )
    lines = text.splitlines()
    assert [line for line in lines if line.startswith("listener")] == ["listener 8883 127.0.0.1"]
    assert {
        "allow_anonymous false",
        "require_certificate true",
        "use_identity_as_username true",
        "tls_version tlsv1.2",
        "crlfile /etc/crl.pem",
        "plugin_opt_config_file /etc/rights.json",
    } <= set(lines)


def test_a_path_cannot_smuggle_a_line_into_the_configuration() -> None:
    with pytest.raises(ValueError, match="line break"):
        mosquitto_config(REGISTER, SETTINGS, rights=Path("/etc/r\nallow_anonymous true"))
    evil = BrokerSettings(SETTINGS.identity, Path('/x"\nauthorization {}\n'))
    assert "\nauthorization {}\n" not in nats_config(REGISTER, evil)


def test_a_node_of_a_cluster_knows_the_others_and_asks_them_for_certificates() -> None:
    nodes = {"a": "10.0.0.1:6222", "b": "10.0.0.2:6222", "c": "10.0.0.3:6222"}
    text = nats_config(REGISTER, SETTINGS, cluster=Cluster("b", nodes))
    assert 'server_name: "b"' in text
    assert 'listen: "10.0.0.2:6222"' in text
    assert 'routes: ["nats-route://10.0.0.1:6222", "nats-route://10.0.0.3:6222"]' in text
    assert "stream_replicas: 3" in text
    assert text.count("verify: true") == 1
    with pytest.raises(ValueError, match="3 nodes or more"):
        Cluster("a", {"a": "10.0.0.1:6222", "b": "10.0.0.2:6222"})
