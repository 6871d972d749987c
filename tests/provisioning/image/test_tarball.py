"""Roots as tarballs: every kind of member, none outside, none in silence."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from provisioning.flash.image import Image
from provisioning.image.node import Node
from provisioning.image.tarball import is_tarball, newest, unpack
from provisioning.problems import ProvisionError


def archive(path: Path, *members: tuple[str, bytes, str]) -> Image:
    """Members as (name, type, where a link leads)."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as file:
        for name, kind, target in members:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname, entry.mtime = kind, target, 1_700_000_000
            entry.uid, entry.mode = 7, 0o4755
            entry.pax_headers = {"SCHILY.xattr.user.x": "y"}
            data = b"content" if kind == tarfile.REGTYPE else b""
            entry.size = len(data)
            file.addfile(entry, io.BytesIO(data))
    return Image(path)


def test_every_kind_of_member_becomes_a_node(tmp_path: Path) -> None:
    image = archive(
        tmp_path / "root.tar",
        ("./usr", tarfile.DIRTYPE, ""),
        ("./usr/su", tarfile.REGTYPE, ""),
        ("./usr/sudo", tarfile.LNKTYPE, "./usr/su"),
        ("./bin", tarfile.SYMTYPE, "usr/bin"),
        ("./pipe", tarfile.FIFOTYPE, ""),
    )
    assert is_tarball(image)
    (tmp_path / "out").mkdir()
    nodes = {node.path: node for node in unpack(image, tmp_path / "out")}
    assert {path: node.kind for path, node in nodes.items()} == {
        "/usr": "folder", "/usr/su": "file", "/usr/sudo": "file", "/bin": "link", "/pipe": "fifo",
    }  # fmt: skip
    su = nodes["/usr/su"]
    assert (su.mode, su.owner, su.mtime) == (0o4755, (7, 0), 1_700_000_000)
    assert su.attributes == (("user.x", b"y"),)
    assert isinstance(su.content, Path)
    assert su.content.read_bytes() == b"content"
    assert nodes["/usr/sudo"].content == su.content
    assert nodes["/bin"].target == "usr/bin"
    assert newest(list(nodes.values())) == 1_700_000_000
    assert newest([Node("/a")]) == 0


@pytest.mark.parametrize(
    ("member", "said"),
    [
        (("../etc/passwd", tarfile.REGTYPE, ""), "leaves the root"),
        (("./a", tarfile.LNKTYPE, "./b"), "not there"),
        (("./a", tarfile.CONTTYPE, ""), "unknown kind"),
    ],
)
def test_what_is_wrong_in_it_is_named(
    tmp_path: Path, member: tuple[str, bytes, str], said: str
) -> None:
    image = archive(tmp_path / "root.tar", member)
    with pytest.raises(ProvisionError, match=said) as caught:
        unpack(image, tmp_path)
    assert caught.value.code == "image.unreadable"


def test_one_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    image = archive(tmp_path / "root.tar", ("./a", tarfile.REGTYPE, ""))
    cut = tmp_path / "cut.tar"
    cut.write_bytes(image.path.read_bytes()[:1100])
    with pytest.raises(ProvisionError) as caught:
        unpack(Image(cut), tmp_path)
    assert caught.value.code == "image.unreadable"


def test_a_disk_is_none(tmp_path: Path) -> None:
    (tmp_path / "disk.img").write_bytes(bytes(1024))
    assert not is_tarball(Image(tmp_path / "disk.img"))
