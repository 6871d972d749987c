"""Enrolment over the network: what the desk refuses, and what the keeper makes of the rest."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from provisioning import certificates
from provisioning.authority import Authority
from provisioning.enrol.claims import Claims, claim_hash
from provisioning.enrol.desk import Desk
from provisioning.enrol.keeper import TERM_DAYS, Keeper, refused
from provisioning.enrol.laptop import MAX_JOURNAL_BYTES, Laptop, entries
from provisioning.enrol.laptops import make_laptop, reconcile
from provisioning.enrol.messages import Entry, Request
from provisioning.problems import ProvisionError
from tests.provisioning.enrol.counter import Counter
from wire import faultpoint
from wire.clock import SimulatedClock
from wire.register import Trust

DAY_S = 86_400.0


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return Counter.make(tmp_path, SimulatedClock(datetime.now(UTC)))


def states(counter: Counter) -> list[str]:
    found = counter.keeper.step()
    return [one.state if one.problem is None else one.problem.code for one in found]


def test_the_desks_certificate_lasts_days_and_the_authority_makes_the_ordinary_one(
    counter: Counter,
) -> None:
    answer = counter.ask("gy-001", counter.claim("gy-001"))
    leaf = x509.load_pem_x509_certificate(answer.certificate.encode())
    left = leaf.not_valid_after_utc - counter.clock.now()
    assert timedelta(0) < left <= timedelta(days=TERM_DAYS)
    assert counter.city.register.devices == ()
    assert states(counter) == ["taken"]
    ordinary = counter.city.certificate("gy-001-1")
    assert ordinary.public_key() == leaf.public_key()
    assert ordinary.not_valid_after_utc - counter.clock.now() > timedelta(days=1000)
    assert Claims(counter.city.folder).all[0].used_by == "gy-001-1"


def test_an_answer_that_was_lost_is_given_again_and_only_to_the_same_box(counter: Counter) -> None:
    claim = counter.claim("gy-001")
    first = counter.ask("gy-001", claim)
    assert counter.ask("gy-001", claim) == first
    assert counter.refusal("gy-001", claim, "copy") == "claim.used"
    assert states(counter) == ["taken"]
    assert counter.ask("gy-001", claim) == first, "also after it was taken in"
    assert counter.refusal("gy-001", claim, "copy") == "claim.used"
    assert counter.refusal("gy-001", "another") == "claim.invalid"
    assert states(counter) == []
    counter.clock.advance((TERM_DAYS + 1) * DAY_S)
    assert counter.refusal("gy-001", claim) == "claim.expired", "its certificate is over"


def test_foreign_revoked_expired_and_unknown_claims_are_refused(counter: Counter) -> None:
    one, other = counter.claim("gy-001"), counter.claim("gy-002", days=1)
    assert counter.refusal("gy-001", other) == "claim.invalid"
    assert counter.refusal("gy-001", "aaaa") == "claim.invalid"
    assert counter.refusal("gy-003", one) == "claim.invalid"
    Claims(counter.city.folder).revoke("gy-001")
    counter.keeper.step()
    assert counter.refusal("gy-001", one) == "claim.revoked"
    counter.clock.advance(2 * DAY_S)
    assert counter.refusal("gy-002", other) == "claim.expired"
    assert not list((counter.folder / "data").glob("*.jsonl")), "nothing was certified"


def test_a_request_that_proves_no_key_and_a_pole_without_a_site_file(counter: Counter) -> None:
    claim = counter.claim("gy-001")
    wrong = Request(pole="gy-001", claim=claim, csr="none")
    with pytest.raises(Exception, match="PW-511"):
        counter.desk.enrol(wrong, counter.clock.now())
    nowhere = counter.claim("gy-009")
    assert counter.refusal("gy-009", nowhere) == "site.invalid"
    (site,) = (counter.folder / "sites").glob("gy-002.yaml")
    shutil.copy(site, counter.folder / "sites" / "gy-001.yaml")
    assert counter.refusal("gy-001", claim) == "enrol.mismatch"
    assert states(counter) == []


def test_a_board_swap_keeps_pole_and_shard_and_ends_the_old_board(counter: Counter) -> None:
    counter.ask("gy-001", counter.claim("gy-001"))
    assert states(counter) == ["taken"]
    answer = counter.ask("gy-001", counter.claim("gy-001"), "new board")
    assert answer.name == "gy-001-2"
    assert states(counter) == ["taken"]
    old, new = counter.city.register.devices
    assert (old.name, old.revoked, new.name, new.revoked) == ("gy-001-1", True, "gy-001-2", False)
    assert old.shard == new.shard
    trust = Trust(counter.city.register_file, now=counter.clock.now())
    assert trust.devices() == ("gy-001-2",)


def test_the_desk_does_not_sign_a_name_that_a_laptop_gave_away(counter: Counter) -> None:
    """A laptop enrolled the board meanwhile: the desk's key for that name is of no use."""
    counter.claim("gy-001")
    request = counter.request("gy-001", counter.claim("gy-001"), "by laptop")
    laptop = counter.folder / "laptop"
    make_laptop(counter.city, "kim", ["gy-001"], laptop, counter.clock.now(), 7)
    Laptop(laptop).sign(request, counter.clock.now())
    assert [one.state for one in reconcile(counter.city, laptop)] == ["taken"]
    counter.keeper.step()
    answer = counter.ask("gy-001", counter.claim("gy-001"), "by desk")
    assert answer.name == "gy-001-2"


def test_before_the_keeper_was_there_the_box_is_told_to_come_back(counter: Counter) -> None:
    empty = Desk(counter.folder / "nothing", counter.folder / "sites", counter.folder / "data2")
    with pytest.raises(Exception, match="PW-542"):
        empty.enrol(counter.request("gy-001", "aaaa"), counter.clock.now())
    claim = counter.claim("gy-001")
    shutil.rmtree(counter.folder / "keys" / "desk-1")
    assert counter.refusal("gy-001", claim) == "desk.not-ready"


def test_keys_are_few_days_old_cover_who_waits_and_go_when_they_end(counter: Counter) -> None:
    claim = counter.claim("gy-001")
    counter.claim("gy-002")
    assert counter.refusal("gy-001", "guessed") == "claim.invalid", "the desk has read its keys"
    keys = counter.folder / "keys"
    assert sorted(path.name for path in keys.glob("desk-*")) == ["desk-1", "desk-2"]
    counter.keeper.step()
    assert len(list(keys.glob("desk-*"))) == 2, "nobody waits who has no key"
    counter.clock.advance((TERM_DAYS - 1) * DAY_S)
    counter.keeper.step()
    assert (keys / "desk-3").is_dir(), "the others end too soon"
    counter.clock.advance(2 * DAY_S)
    counter.keeper.step()
    assert [path.name for path in keys.glob("desk-*")] == ["desk-3"]
    assert counter.ask("gy-001", claim).name == "gy-001-1"
    mode = (keys / "desk-3" / "key.pem").stat().st_mode & 0o777
    assert mode == 0o640


def test_a_key_names_no_more_poles_than_a_certificate_may_hold(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioning.enrol.keeper.POLES_A_KEY", 3)
    book = Claims(counter.city.folder)
    poles = [f"gy-1{number:03}" for number in range(4)]
    for pole in poles:
        book.issue(pole, counter.clock.now(), timedelta(days=1))
    counter.keeper.step()
    sizes = [
        len(json.loads(path.read_text())["poles"])
        for path in sorted((counter.folder / "keys").glob("desk-*/limits.json"))
    ]
    assert sizes == [3, 1]


def test_certificates_near_their_end_are_renewed_and_no_others(counter: Counter) -> None:
    counter.city.issue_device("gy-007")
    revoked = counter.city.issue_device("gy-008")
    counter.city.revoke("gy-008-1")
    before = (revoked / "cert.pem").read_bytes()
    first = counter.city.certificate("gy-007-1")
    counter.keeper.step()
    assert counter.city.certificate("gy-007-1") == first
    counter.clock.advance(1040 * DAY_S)
    counter.keeper.step()
    renewed = counter.city.certificate("gy-007-1")
    assert renewed.public_key() == first.public_key()
    assert renewed.not_valid_after_utc > first.not_valid_after_utc + timedelta(days=1000)
    assert (revoked / "cert.pem").read_bytes() == before


def test_what_others_read_is_published_without_a_secret(counter: Counter) -> None:
    public = counter.folder / "public"
    keeper = Keeper(
        counter.city, counter.folder / "keys", counter.folder / "data", counter.clock, public
    )
    counter.ask("gy-001", counter.claim("gy-001"))
    keeper.step()
    trust = Trust(public / "register.yaml", now=counter.clock.now())
    assert trust.devices() == ("gy-001-1",)
    for path in public.rglob("*.*"):
        assert "PRIVATE" not in path.read_text(), path
        assert path.stat().st_mode & 0o777 == 0o644, path
    stamps = {path: path.stat().st_mtime_ns for path in public.rglob("*.*")}
    keeper.step()
    keeper.step()
    assert {path: path.stat().st_mtime_ns for path in public.rglob("*.*")} == stamps
    counter.city.revoke("gy-001-1")
    keeper.step()
    assert Trust(public / "register.yaml", now=counter.clock.now()).devices() == ()


def forged(counter: Counter, pole: str, name: str, claim: str) -> None:
    """A line that a broken desk adds for a key of its own."""
    folder = counter.folder / "keys" / "desk-1"
    stolen = load_pem_private_key((folder / "key.pem").read_bytes(), None)
    assert isinstance(stolen, Ed25519PrivateKey)
    chain = (folder / "cert.pem").read_bytes()
    signer = certificates.Signer(x509.load_pem_x509_certificate(chain), stolen)
    key = Ed25519PrivateKey.generate()
    leaf = certificates.make_leaf(
        certificates.Subject(name, "device"), key.public_key(), signer, counter.clock.now()
    )
    entry = Entry(
        pole=pole, name=name, claim_sha256=claim_hash(claim), at=counter.clock.now(),
        csr=certificates.make_request(pole, key).public_bytes(Encoding.PEM).decode(),
        certificate=leaf.public_bytes(Encoding.PEM).decode() + chain.decode(),
    )  # fmt: skip
    with (counter.folder / "data" / "desk-1.jsonl").open("a") as file:
        file.write(f"{entry.model_dump_json()}\n")


def test_a_broken_desk_gets_nobody_into_the_register(counter: Counter) -> None:
    """It has a key; without claims, and beyond its names, it comes to nothing, and is kept."""
    counter.claim("gy-001")
    forged(counter, "gy-001", "gy-001-1", "guessed")
    forged(counter, "gy-002", "gy-002-1", "guessed")
    assert states(counter) == ["claim.invalid", "issuer.foreign"]
    assert counter.city.register.devices == ()
    kept = [(one["name"], one["code"]) for one in refused(counter.city)]
    assert kept == [("gy-001-1", "claim.invalid"), ("gy-002-1", "issuer.foreign")]
    forged(counter, "gy-001", "gy-001-1", "guessed")
    assert len(states(counter)) == 3
    assert len(list(refused(counter.city))) == 2, "the same is kept once"
    (counter.folder / "data" / "desk-1.jsonl").write_text("nonsense\n")
    assert states(counter) == []
    (counter.folder / "data" / "desk-1.jsonl").unlink()
    journal = counter.folder / "data" / "desk-1.jsonl"
    journal.symlink_to(counter.city.folder / "issued.json")
    assert states(counter) == []
    for planted in (os.mkfifo, Path.mkdir):
        journal.unlink()
        planted(journal)
        with pytest.raises(ProvisionError, match="PW-539"):
            entries(journal)
        assert states(counter) == []
    journal.rmdir()
    with journal.open("wb") as file:
        file.truncate(MAX_JOURNAL_BYTES + 1)
    with pytest.raises(ProvisionError, match=r"PW-539.*over 20,000,000 bytes"):
        entries(journal)


def test_a_line_that_was_cut_off_was_never_handed_out(counter: Counter) -> None:
    claim, other = counter.claim("gy-001"), counter.claim("gy-002")
    first = counter.ask("gy-001", claim)
    journal = counter.folder / "data" / "desk-1.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole + whole[:100])
    again = Desk(counter.folder / "keys", counter.folder / "sites", counter.folder / "data")
    counter.desk = again
    assert counter.ask("gy-001", claim) == first
    assert counter.ask("gy-002", other).name == "gy-002-1"
    assert sorted(states(counter)) == ["taken", "taken"]


@pytest.mark.parametrize(
    "point", ["enrol.signed", "enrol.noted", "reconcile.judged", "reconcile.registered"]
)
def test_killed_at_each_step_the_same_box_comes_through_and_no_other(
    counter: Counter, point: str
) -> None:
    claim = counter.claim("gy-001")
    request = counter.request("gy-001", claim)
    child = os.fork()
    if child == 0:
        faultpoint.watch(lambda here: os._exit(9) if here == point else None)
        counter.desk.enrol(request, counter.clock.now())
        counter.keeper.step()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    restarted = Counter(
        Authority(counter.city.folder, counter.clock),
        counter.folder,
        counter.clock,
        Keeper(
            Authority(counter.city.folder, counter.clock),
            counter.folder / "keys",
            counter.folder / "data",
            counter.clock,
        ),
        Desk(counter.folder / "keys", counter.folder / "sites", counter.folder / "data"),
    )
    answer = restarted.desk.enrol(request, counter.clock.now())
    assert answer.name == "gy-001-1"
    assert restarted.refusal("gy-001", claim, "copy") == "claim.used"
    restarted.keeper.step()
    register = Authority(counter.city.folder, counter.clock)
    assert [one.name for one in register.register.devices] == ["gy-001-1"]
    own = x509.load_pem_x509_certificate(answer.certificate.encode())
    assert register.certificate("gy-001-1").public_key() == own.public_key()
    assert Claims(counter.city.folder).all[0].used_by == "gy-001-1"


@pytest.mark.parametrize("written", ["issued.json", "crl.pem", "certs", "identities"])
def test_the_authority_killed_between_its_files_takes_the_box_in_after_all(
    counter: Counter, written: str
) -> None:
    """What was remembered and never reached the register is revoked, and its name is free."""
    counter.ask("gy-001", counter.claim("gy-001"))
    before = {
        path.relative_to(counter.city.folder): path.read_bytes()
        for path in counter.city.folder.rglob("*")
        if path.is_file()
    }
    assert states(counter) == ["taken"]
    order = ["issued.json", "crl.pem", "certs", "identities", "register.yaml", "claims.json"]
    kept = order[: order.index(written) + 1]
    for path in list(counter.city.folder.rglob("*")):
        name = path.relative_to(counter.city.folder)
        if path.is_file() and name.parts[0] in order and name.parts[0] not in kept:
            path.unlink()
            if name in before:
                path.write_bytes(before[name])
    city = Authority(counter.city.folder, counter.clock)
    keeper = Keeper(city, counter.folder / "keys", counter.folder / "data", counter.clock)
    assert [one.state for one in keeper.step()] == ["taken"]
    assert Trust(city.register_file, now=counter.clock.now()).devices() == ("gy-001-1",)
    serials = {item.serial: item.revoked_at for item in city.issued() if item.name == "gy-001-1"}
    own = f"{city.certificate('gy-001-1').serial_number:x}"
    assert serials.pop(own) is None
    assert all(serials.values())
