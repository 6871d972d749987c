"""A pole enrolled on the ladder: what holds, and what each misuse comes to."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from provisioning import certificates
from provisioning.authority import Authority, AuthorityError
from provisioning.enrol import box
from provisioning.enrol.claims import Claims, claim_hash
from provisioning.enrol.laptop import JOURNAL, Laptop
from provisioning.enrol.laptops import answer_of, make_laptop, reconcile, report_lost
from provisioning.enrol.messages import Answer, Entry, Request, read
from provisioning.problems import ProvisionError
from tests.provisioning.enrol.ladder import Ladder, centre
from wire.clock import SimulatedClock
from wire.identity import Identity
from wire.register import Trust


@pytest.fixture
def ladder(tmp_path: Path) -> Ladder:
    clock = SimulatedClock(datetime.now(UTC))
    return Ladder.make(centre(tmp_path / "authority", clock), tmp_path, clock)


def refused(ladder: Ladder, request: Request) -> str:
    with pytest.raises(ProvisionError) as raised:
        ladder.sign(request)
    return raised.value.code


def states(ladder: Ladder) -> list[str]:
    found = reconcile(ladder.city, ladder.laptop.folder)
    return [one.state if one.problem is None else one.problem.code for one in found]


def verify(ladder: Ladder, pem: Path, *options: str) -> str:
    """What openssl says of a chain."""
    chain = ladder.folder / "chain.pem"
    chain.write_bytes(pem.read_bytes())
    done = subprocess.run(
        ["openssl", "verify", "-CAfile", ladder.city.ca_file, "-untrusted", chain, *options, pem],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_a_box_is_enrolled_and_the_authority_takes_it_in(ladder: Ladder) -> None:
    answer = ladder.sign(ladder.request("gy-001"))
    assert answer.name == "gy-001-1"
    home = ladder.box("gy-001")
    box.install(home, answer)
    assert Identity.load(home / "identity").name == "gy-001-1"
    assert (home / "identity" / "key.pem").stat().st_mode & 0o777 == 0o600
    assert ": OK" in verify(ladder, home / "identity" / "cert.pem", "-purpose", "sslclient")
    assert states(ladder) == ["taken"]
    trust = Trust(ladder.city.register_file, now=ladder.clock.now())
    key = trust.device_key("gy-001-1")
    assert key is not None
    assert key.as_pem(private=False) == Identity.load(home / "identity").key.as_pem(private=False)
    assert states(ladder) == ["known"], "it can be repeated"
    box.install(home, answer_of(ladder.city, "gy-001-1"))
    own = x509.load_pem_x509_certificate((home / "identity" / "cert.pem").read_bytes())
    assert own.not_valid_after_utc - ladder.clock.now() > timedelta(days=300)


def test_a_board_swap_keeps_the_pole_and_its_shard_and_ends_the_old_board(tmp_path: Path) -> None:
    clock = SimulatedClock(datetime.now(UTC))
    city = centre(tmp_path / "authority", clock)
    city.issue_device("gy-001")
    ladder = Ladder.make(city, tmp_path, clock)
    assert ladder.sign(ladder.request("gy-001")).name == "gy-001-2"
    assert states(ladder) == ["taken"]
    old, new = ladder.city.register.devices
    assert (old.name, old.revoked, new.name, new.revoked) == ("gy-001-1", True, "gy-001-2", False)
    assert old.shard == new.shard


def test_an_answer_that_was_lost_is_given_again_to_the_same_box(ladder: Ladder) -> None:
    first = ladder.sign(ladder.request("gy-001"))
    assert ladder.sign(ladder.request("gy-001")) == first
    assert states(ladder) == ["taken"]


def test_claims_used_foreign_expired_and_revoked_are_refused(ladder: Ladder) -> None:
    assert refused(ladder, ladder.request("gy-002", claim="aaaa")) == "claim.invalid"
    other = ladder.claims["gy-001"]
    assert refused(ladder, ladder.request("gy-002", claim=other)) == "claim.invalid"
    ladder.sign(ladder.request("gy-001"))
    assert refused(ladder, ladder.request("gy-001", box_name="copy")) == "claim.used"
    book = Claims(ladder.city.folder)
    book.revoke("gy-002")
    with pytest.raises(ProvisionError, match="PW-534"):
        book.check(claim_hash(ladder.claims["gy-002"]), "gy-002", ladder.clock.now())
    with pytest.raises(ProvisionError, match="PW-533"):
        book.check(
            claim_hash(ladder.claims["gy-003"]), "gy-003", ladder.clock.now() + timedelta(days=31)
        )


def test_a_claim_typed_by_hand_counts_and_is_kept_nowhere(ladder: Ladder) -> None:
    text = ladder.claims["gy-001"]
    typed = "-".join(text[n : n + 4] for n in range(0, len(text), 4)).upper()
    assert ladder.sign(ladder.request("gy-001", claim=f" {typed}\n")).name == "gy-001-1"
    for path in (*ladder.city.folder.rglob("*"), *ladder.laptop.folder.rglob("*")):
        assert path.is_dir() or text not in path.read_text()


def test_a_foreign_pole_and_a_key_out_of_its_term_are_refused(ladder: Ladder) -> None:
    assert refused(ladder, ladder.request("gy-003")) == "issuer.foreign"
    request = ladder.request("gy-001")
    ladder.clock.advance(timedelta(days=8).total_seconds())
    assert refused(ladder, request) == "issuer.expired"
    ladder.clock.step_wall(-timedelta(days=20).total_seconds())
    assert refused(ladder, request) == "issuer.expired"


def forged(ladder: Ladder, name: str, key: Ed25519PrivateKey, *, cn: str = "") -> str:
    """What a thief of the laptop's key may sign, limits or not."""
    stolen = load_pem_private_key((ladder.laptop.folder / "key.pem").read_bytes(), None)
    assert isinstance(stolen, Ed25519PrivateKey)
    chain = (ladder.laptop.folder / "cert.pem").read_bytes()
    signer = certificates.Signer(x509.load_pem_x509_certificate(chain), stolen)
    subject = certificates.Subject(cn or name, "device", (name,) if cn else ())
    leaf = certificates.make_leaf(subject, key.public_key(), signer, ladder.clock.now())
    return leaf.public_bytes(Encoding.PEM).decode() + chain.decode()


@pytest.mark.parametrize("name", ["gy-003-1", "gy-001-2", "collector", "x.gy-003-1"])
def test_openssl_holds_a_stolen_key_to_its_limits(ladder: Ladder, name: str) -> None:
    path = ladder.folder / "forged.pem"
    path.write_text(forged(ladder, name, Ed25519PrivateKey.generate()))
    assert "permitted subtree violation" in verify(ladder, path)
    path.write_text(forged(ladder, "gy-001-1", Ed25519PrivateKey.generate()))
    assert ": OK" in verify(ladder, path)


def journal(ladder: Ladder, pole: str, name: str, key: Ed25519PrivateKey, **change: object) -> None:
    """Add a line as a hostile laptop would."""
    csr = certificates.make_request(pole, key).public_bytes(Encoding.PEM).decode()
    values = {
        "pole": pole, "name": name, "claim_sha256": claim_hash(ladder.claims[pole]), "csr": csr,
        "certificate": forged(ladder, name, key), "at": ladder.clock.now(),
    }  # fmt: skip
    entry = Entry.model_validate(values | change)
    with (ladder.laptop.folder / JOURNAL).open("a") as file:
        file.write(f"{entry.model_dump_json()}\n")


def test_misuse_is_refused_and_told_line_by_line_and_the_rest_is_taken(ladder: Ladder) -> None:
    one, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    late = ladder.clock.now() + timedelta(days=30)
    stranger = centre(ladder.folder / "stranger", ladder.clock)
    foreign = stranger.issue_device("gy-001") / "cert.pem"
    journal(ladder, "gy-003", "gy-003-1", one)
    journal(ladder, "gy-001", "gy-001-7", one)
    journal(ladder, "gy-001", "gy-001-1", one, certificate=foreign.read_text())
    journal(ladder, "gy-001", "gy-001-1", one, certificate=forged(ladder, "gy-001-1", other))
    journal(ladder, "gy-001", "gy-001-1", one, csr="none")
    journal(ladder, "gy-001", "gy-001-1", one, at=late)
    journal(ladder, "gy-001", "gy-001-1", one, claim_sha256="00")
    journal(ladder, "gy-001", "gy-001-1", one)
    journal(ladder, "gy-001", "gy-001-1", other)
    assert states(ladder) == [
        "issuer.foreign", "issuer.foreign", "issuer.invalid", "issuer.invalid", "issuer.invalid",
        "issuer.expired", "claim.invalid", "taken", "issuer.twice",
    ]  # fmt: skip
    assert [entry.name for entry in ladder.city.register.devices] == ["gy-001-1"]


def test_a_claim_revoked_or_used_meanwhile_is_refused_when_the_laptop_is_back(
    ladder: Ladder,
) -> None:
    ladder.sign(ladder.request("gy-001"))
    Claims(ladder.city.folder).revoke("gy-001")
    assert states(ladder) == ["claim.revoked"]
    assert ladder.city.register.devices == ()


def test_a_laptop_that_was_never_made_here_and_a_broken_journal_are_not_believed(
    ladder: Ladder, tmp_path: Path
) -> None:
    stranger = Ladder.make(centre(tmp_path / "other", ladder.clock), tmp_path / "x", ladder.clock)
    limits = stranger.laptop.folder / "limits.json"
    limits.write_text(limits.read_text().replace('"kim"', '"lee"'))
    with pytest.raises(ProvisionError, match="PW-539"):
        reconcile(ladder.city, stranger.laptop.folder)
    (ladder.laptop.folder / JOURNAL).write_text("{}\n")
    with pytest.raises(ProvisionError, match="line 1"):
        reconcile(ladder.city, ladder.laptop.folder)


def test_a_laptop_that_was_lost_brings_nothing_back(ladder: Ladder) -> None:
    ladder.sign(ladder.request("gy-001"))
    names = report_lost(ladder.city, "kim", ladder.clock.now())
    assert names == ("gy-001-1", "gy-002-1")
    with pytest.raises(ProvisionError, match="PW-541"):
        reconcile(ladder.city, ladder.laptop.folder)
    assert ladder.city.register.devices == ()
    with pytest.raises(AuthorityError, match=r"PW-556 .*laptop 'lee'"):
        report_lost(ladder.city, "lee", ladder.clock.now())


def test_limits_widened_on_the_laptop_do_not_count(ladder: Ladder) -> None:
    path = ladder.laptop.folder / "limits.json"
    text = json.loads(path.read_text())
    text["poles"][0] |= {"pole": "gy-003", "name": "gy-003-1"}
    text["poles"][0]["claims"] = json.loads((ladder.city.folder / "claims.json").read_text())
    path.write_text(json.dumps(text))
    ladder.laptop = Laptop(ladder.laptop.folder)
    ladder.sign(ladder.request("gy-003"))
    assert states(ladder) == ["issuer.foreign"]


def test_a_box_takes_only_what_is_its_own(ladder: Ladder) -> None:
    answer = ladder.sign(ladder.request("gy-001"))
    ladder.request("gy-002")
    home = ladder.box("gy-002")
    stranger = centre(ladder.folder / "stranger", ladder.clock)
    service = stranger.identity("collector") / "cert.pem"
    for wrong in (
        answer,
        answer.model_copy(update={"certificate": "none"}),
        answer.model_copy(update={"ca": stranger.ca_file.read_text()}),
        answer.model_copy(update={"collector": service.read_text()}),
    ):
        with pytest.raises(ProvisionError, match="PW-540"):
            box.install(home, wrong)
    assert not (home / "identity" / "cert.pem").exists()
    own = ladder.box("gy-001")
    (own / "identity" / "ca.pem").write_text(stranger.ca_file.read_text())
    with pytest.raises(ProvisionError, match="names another authority"):
        box.install(own, answer)
    with pytest.raises(ProvisionError, match="make a request first"):
        box.install(ladder.box("nobody"), answer)


def test_what_cannot_be_made_is_told(ladder: Ladder, tmp_path: Path) -> None:
    now = ladder.clock.now()
    for name, poles, out, days, says in (
        ("kim", ["gy-001"], tmp_path / "a", 7, "there already"),
        ("lee", ["gy-001"], ladder.laptop.folder, 7, "there already"),
        ("lee", ["gy-001"], tmp_path / "a", 15, "1 to 14 days"),
        ("lee", [], tmp_path / "a", 7, "name the poles"),
        ("Lee!", ["gy-001"], tmp_path / "a", 7, "PW-554"),
        ("lee", ["GY 1"], tmp_path / "a", 7, "PW-554"),
    ):
        with pytest.raises(AuthorityError, match=says):
            make_laptop(ladder.city, name, poles, out, now, days)
    empty = Authority.init(tmp_path / "empty", "here", ladder.clock)
    with pytest.raises(AuthorityError, match="no collector is enrolled"):
        make_laptop(empty, "lee", ["gy-001"], tmp_path / "a", now, 7)
    assert not (tmp_path / "a").exists()


def test_messages_that_are_none_are_refused_without_their_content(tmp_path: Path) -> None:
    path = tmp_path / "request.json"
    for text in ("", "[]", '{"pole": "gy-001", "claim": "geheim", "more": 1}'):
        path.write_text(text)
        with pytest.raises(ProvisionError, match="PW-511") as raised:
            read(path, Request)
        assert "geheim" not in str(raised.value)
    with pytest.raises(ProvisionError, match="No such file"):
        read(tmp_path / "nothing", Answer)


def test_a_damaged_laptop_folder_is_named(ladder: Ladder) -> None:
    shutil.copy(ladder.city.folder / "issuing" / "key.pem", ladder.laptop.folder / "key.pem")
    with pytest.raises(ProvisionError, match="key and certificate differ"):
        Laptop(ladder.laptop.folder)
    (ladder.laptop.folder / "key.pem").unlink()
    with pytest.raises(ProvisionError, match="No such file"):
        Laptop(ladder.laptop.folder)
