"""Which devices are refused, on made-up machines."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioning.flash import plan
from provisioning.flash.disks import Disk
from provisioning.problems import ProvisionError
from tests.provisioning.flash.machines import GIB, FakeMachine


@pytest.fixture
def pc(tmp_path: Path) -> FakeMachine:
    """A laptop: its own disk with two partitions, and a card in a USB reader."""
    machine = FakeMachine(tmp_path)
    machine.disk("sda", bus="pci/ata1", removable=False, parts=2, model="SSD 870")
    machine.disk("sdb", parts=2)
    return machine


def refused(pc: FakeMachine, path: Path, *, fixed: tuple[Path, ...] = ()) -> tuple[str, str]:
    with pytest.raises(ProvisionError) as raised:
        plan.check(plan.find(pc.machine, [path]), fixed)
    return raised.value.code, raised.value.detail


def accepted(pc: FakeMachine, path: Path, *, fixed: tuple[Path, ...] = ()) -> Disk:
    (disk,) = plan.find(pc.machine, [path])
    plan.check([disk], fixed)
    return disk


def test_a_free_card_is_taken_with_its_size_and_model(pc: FakeMachine) -> None:
    disk = accepted(pc, pc.root / "dev/sdb")
    assert (disk.size, disk.model, disk.serial) == (32 * GIB, "STORAGE DEVICE", "S123")
    assert disk.parts == ("sdb1", "sdb2")
    assert plan.gigabytes(disk) == "34.4 GB"


@pytest.mark.parametrize("folder", ["/", "/boot/efi", "/usr", "/home"])
def test_the_systems_disk_is_never_written_even_if_named_twice(
    pc: FakeMachine, folder: str
) -> None:
    pc.mount("sda2", folder)
    path = pc.root / "dev/sda"
    assert refused(pc, path, fixed=(path,)) == ("card.system", f"{path}: sda2: mount {folder}")


def test_a_system_on_lvm_on_a_partition_is_the_systems_disk(pc: FakeMachine) -> None:
    pc.mapped("dm-0", "crypt", on="sda2")
    pc.mapped("dm-1", "vg-root", on="dm-0")
    pc.mount("dm-1", "/")
    code, detail = refused(pc, pc.root / "dev/sda")
    assert code == "card.system"
    assert "dm-0 (crypt)" in detail
    assert "dm-1: mount /" in detail


def test_a_file_system_with_numbers_of_its_own_is_found_by_its_source(pc: FakeMachine) -> None:
    pc.mapped("dm-0", "vg-data", on="sdb1")
    pc.mount("/dev/mapper/vg-data", "/srv", number="0:42")
    code, detail = refused(pc, pc.root / "dev/sdb")
    assert code == "card.in-use"
    assert "dm-0: mount /srv" in detail


def test_a_volume_that_nobody_mounted_still_holds_its_disk(pc: FakeMachine) -> None:
    pc.mapped("dm-0", "vg-old", on="sdb1")
    assert refused(pc, pc.root / "dev/sdb") == (
        "card.in-use",
        f"{pc.root}/dev/sdb: sdb: holder dm-0 (vg-old)",
    )


def test_a_mounted_card_is_refused_by_name_of_its_folder(pc: FakeMachine) -> None:
    pc.mount("sdb1", r"/media/kim/NO\040NAME")
    assert refused(pc, pc.root / "dev/sdb") == (
        "card.in-use",
        f"{pc.root}/dev/sdb: sdb1: mount /media/kim/NO NAME",
    )


def test_a_disk_mounted_whole_and_one_with_swap_are_refused(pc: FakeMachine) -> None:
    pc.disk("sdc")
    pc.mount("sdc", "/mnt")
    assert refused(pc, pc.root / "dev/sdc")[0] == "card.in-use"
    pc.swap("sdb2")
    assert refused(pc, pc.root / "dev/sdb") == (
        "card.system",
        f"{pc.root}/dev/sdb: sdb2: swap on",
    )


def test_what_is_not_removable_must_be_named_once_more(pc: FakeMachine) -> None:
    path = pc.disk("nvme0n1", bus="pci/nvme0", removable=False, model="PM981")
    code, detail = refused(pc, path)
    assert code == "card.fixed"
    assert "PM981" in detail
    assert accepted(pc, path, fixed=(path,)).model == "PM981"
    assert refused(pc, path, fixed=(pc.root / "dev/sdb",))[0] == "card.fixed"


def test_an_sd_card_in_a_built_in_slot_is_removable_and_soldered_memory_is_not(
    pc: FakeMachine,
) -> None:
    pc.disk("mmcblk0", bus="pci/mmc0", removable=False, kind="SD", parts=1)
    pc.disk("mmcblk1", bus="pci/mmc1", removable=False, kind="MMC")
    assert accepted(pc, pc.root / "dev/mmcblk0").parts == ("mmcblk0p1",)
    assert refused(pc, pc.root / "dev/mmcblk1")[0] == "card.fixed"


def test_a_locked_card_is_refused(pc: FakeMachine) -> None:
    assert refused(pc, pc.disk("sdc", read_only=True))[0] == "card.locked"


def test_parts_folders_and_what_is_not_there_are_no_disks(pc: FakeMachine) -> None:
    sdb = pc.root / "dev/sdb"
    part = pc.root / "dev/sdb1"
    assert refused(pc, part) == ("card.not-a-disk", f"{part} is a part of {sdb}")
    assert "a folder" in refused(pc, pc.root / "dev")[1]
    assert "no such device" in refused(pc, pc.root / "dev/sdz")[1]
    assert "truncate" in refused(pc, pc.root / "card.img")[1]


def test_a_link_leads_to_its_disk_and_the_same_disk_twice_is_refused(pc: FakeMachine) -> None:
    link = pc.root / "dev/by-id"
    link.symlink_to("sdb")
    assert accepted(pc, link).path == pc.root / "dev/sdb"
    with pytest.raises(ProvisionError, match="twice"):
        plan.find(pc.machine, [link, pc.root / "dev/sdb"])


def test_a_file_stands_for_a_card_unless_a_loop_device_has_it(pc: FakeMachine) -> None:
    file = pc.root / "card.img"
    file.write_bytes(bytes(8192))
    assert accepted(pc, file).is_file
    loop = pc.root / "sys/class/block/loop0/loop"
    loop.mkdir(parents=True)
    (loop / "backing_file").write_text(f"{file}\n")
    assert refused(pc, file) == ("card.in-use", f"{file}: card.img: holder loop0")


def test_only_free_removable_disks_are_offered(pc: FakeMachine) -> None:
    pc.mount("sda2", "/")
    pc.disk("sdc", read_only=True)
    pc.disk("sdd")
    pc.mount("sdd", "/mnt")
    pc.disk("sde", size=0)
    assert [disk.path.name for disk in plan.candidates(pc.machine.disks())] == ["sdb"]


def test_a_card_that_the_image_does_not_fit_on_is_refused_with_both_sizes() -> None:
    disk = Disk(Path("/dev/sdb"), 1000)
    plan.check_size([disk], 1000)
    with pytest.raises(ProvisionError, match=r"1,000 bytes, the image has 1,001"):
        plan.check_size([disk], 1001)
