"""What goes into an image: complete, no more secret than a claim, the same for the same inputs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from provisioning.enrol.online import Seed
from provisioning.image import contents, seed
from provisioning.image.contents import Accounts, box_nodes, fstab, with_user
from provisioning.image.facts import Facts, judge
from provisioning.image.node import Node, with_parents
from provisioning.problems import ProvisionError
from tests.provisioning.image.bases import CLAIM, KEY, NEEDED, SITE, WANTED, status
from wire.settings import load_settings

OWNER = (977, 977)


def by_path(nodes: list[Node]) -> dict[str, Node]:
    return {node.path: node for node in nodes}


def content(node: Node) -> bytes:
    assert isinstance(node.content, bytes)
    return node.content


def test_the_claim_is_the_only_secret_and_only_the_agents() -> None:
    found = by_path(box_nodes(WANTED, OWNER))
    claim = found["/etc/polewatch/claim"]
    assert (claim.mode, claim.owner) == (0o600, OWNER)
    holders = [path for path, node in found.items() if CLAIM.encode() in content(node)]
    assert holders == ["/etc/polewatch/claim"]
    assert not any(b"PRIVATE" in content(node) for node in found.values())


def test_the_box_reads_the_seed_that_the_image_brings(tmp_path: Path) -> None:
    found = by_path(box_nodes(WANTED, OWNER))
    (tmp_path / "enrol.yaml").write_bytes(content(found["/etc/polewatch/enrol.yaml"]))
    read = load_settings(tmp_path / "enrol.yaml", Seed)
    assert (read.pole, read.desk) == ("gy-0001", WANTED.desk)
    assert str(read.claim_file) == "/etc/polewatch/claim"
    assert content(found["/etc/polewatch/identity/ca.pem"]) == WANTED.authority.encode()
    assert found["/etc/polewatch/identity"].mode == 0o700


def test_units_are_there_and_start_at_boot() -> None:
    found = by_path(box_nodes(WANTED, OWNER))
    for name in contents.ENABLED:
        link = found[f"/etc/systemd/system/multi-user.target.wants/{name}"]
        assert link.target == f"/etc/systemd/system/{name}"
        assert b"[Service]" in content(found[link.target])


def test_what_would_be_the_same_on_every_box_is_empty() -> None:
    found = by_path(box_nodes(WANTED, OWNER))
    assert content(found["/etc/machine-id"]) == b""
    assert content(found["/etc/hostname"]) == b"gy-0001\n"


def test_the_seed_names_the_host_and_who_may_log_in() -> None:
    files = seed.seed(SITE, (KEY,), "version: 2\n")
    user = yaml.safe_load(files["user-data"])
    assert files["user-data"].startswith("#cloud-config\n")
    assert (user["hostname"], user["ssh_pwauth"], user["disable_root"]) == ("gy-0001", False, True)
    (technician,) = user["users"]
    assert technician["ssh_authorized_keys"] == [KEY]
    assert technician["lock_passwd"] is True
    assert user["runcmd"] == [["systemctl", "enable", "--now", "ssh.service"]]
    assert yaml.safe_load(files["meta-data"])["local-hostname"] == "gy-0001"
    assert files["network-config"] == "version: 2\n"


def test_no_stick_with_a_label_gives_the_box_orders() -> None:
    config = yaml.safe_load(seed.seed(SITE, (), None)[seed.CONFIG])
    assert config["datasource_list"] == ["NoCloud"]
    assert config["datasource"]["NoCloud"]["fs_label"] is None


def test_without_keys_nobody_logs_in_and_without_a_network_it_is_dhcp() -> None:
    files = seed.seed(SITE, (), None)
    user = yaml.safe_load(files["user-data"])
    assert (user["users"], "runcmd" in user) == ([], False)
    assert "network-config" not in files


def test_another_pole_is_another_instance() -> None:
    other = SITE.model_copy(update={"pole": "gy-0002"})
    first, second = (yaml.safe_load(seed.seed(one, (), None)["meta-data"]) for one in (SITE, other))
    assert first["instance-id"] != second["instance-id"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n", "private key"),
        ("hello\n", "no public ssh key"),
        ("# nobody\n\n", "holds no public ssh key"),
    ],
)
def test_what_is_no_public_key_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "key").write_text(text)
    with pytest.raises(ProvisionError, match=said) as caught:
        seed.public_keys(tmp_path / "key")
    assert caught.value.code == "image.contents"
    assert "b3Bl" not in str(caught.value)


def test_a_key_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProvisionError, match=r"tech\.pub"):
        seed.public_keys(tmp_path / "tech.pub")


def test_keys_are_taken_with_their_comments(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"# of the shift\n{KEY}\n")
    assert seed.public_keys(tmp_path / "key") == (KEY,)


@pytest.mark.parametrize("text", ["version: 1\n", "- a\n", "a: [\n", "network: {version: 3}\n"])
def test_a_network_that_netplan_would_not_read_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "net.yaml").write_text(text)
    with pytest.raises(ProvisionError) as caught:
        seed.network_of(tmp_path / "net.yaml")
    assert caught.value.code == "image.contents"


def test_netplans_own_file_is_taken_too(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text("network: {version: 2, ethernets: {eth0: {dhcp4: true}}}")
    assert yaml.safe_load(seed.network_of(tmp_path / "net.yaml"))["version"] == 2


ACCOUNTS = Accounts("root:x:0:0:::\ndbus:x:980:980:::\n", "root:x:0:\n", "root:*::\n", "root:*::\n")


def test_the_agents_user_takes_a_number_that_is_free() -> None:
    after, owner = with_user(ACCOUNTS)
    assert owner == (979, 979)
    assert "polewatch-agent:x:979:979:" in after.passwd
    assert "polewatch-agent:!*:" in after.shadow


def test_a_user_that_is_there_is_kept() -> None:
    once, owner = with_user(ACCOUNTS)
    assert with_user(once) == (once, owner)


@pytest.mark.parametrize(
    ("there", "made"),
    [(None, 1), (b"# UNCONFIGURED\n", 1), (b"LABEL=x / ext4 defaults 0 1\n", 0)],
)
def test_only_a_root_that_mounts_nothing_gets_a_table(there: bytes | None, made: int) -> None:
    assert len(fstab(there, "1-2-3")) == made


def test_folders_come_before_what_is_in_them() -> None:
    nodes = [Node("/a/b/c"), Node("/a/b", "folder", 0o700), Node("/x/y")]
    paths = [node.path for node in with_parents(nodes, frozenset({"/x"}))]
    assert paths == ["/a", "/a/b", "/a/b/c", "/x/y"]


def test_a_debian_is_judged_by_its_own_list() -> None:
    assert judge(status(), "Debian") == Facts("Debian", "amd64", "3.11", 36)
    assert judge(status("arm64", "3.13.5-1"), "Pi").python == "3.13"


@pytest.mark.parametrize("machine", ["armhf", "i386", ""])
def test_other_machines_are_refused(machine: str) -> None:
    with pytest.raises(ProvisionError) as caught:
        judge(status(machine), "Debian")
    assert caught.value.code == "image.architecture"


@pytest.mark.parametrize("missing", NEEDED)
def test_what_a_base_lacks_is_named(missing: str) -> None:
    with pytest.raises(ProvisionError, match=missing.replace("+", r"\+")) as caught:
        judge(status(packages=[name for name in NEEDED if name != missing]), "Debian")
    assert caught.value.code == "image.base"


@pytest.mark.parametrize("python", ["3.9.2-3", "2.7.18-1"])
def test_an_old_python_is_refused(python: str) -> None:
    with pytest.raises(ProvisionError, match="Python") as caught:
        judge(status(python=python), "Debian 11")
    assert caught.value.code == "image.base"


def test_a_removed_package_does_not_count() -> None:
    with pytest.raises(ProvisionError, match="libc6"):
        judge(status().replace("ok installed", "ok config-files"), "Debian")


def test_a_site_says_what_its_cameras_watch_for() -> None:
    camera = SITE.cameras[0].model_copy(update={"watch": {"zones": [], "rules": []}})
    nodes = by_path(
        box_nodes(replace(WANTED, site=SITE.model_copy(update={"cameras": (camera,)})), OWNER)
    )
    assert b"watch:" in content(nodes["/etc/polewatch/site.yaml"])
