"""What an agency is told in CAP: read back field by field by a parser that is not ours."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from collector.cap.answer import acknowledgement, answers
from collector.cap.codes import KINDS
from collector.cap.document import Alert, CapError, Circle
from collector.cap.read import read_cap
from collector.cap.telling import Way, delivery_of, tell
from collector.cap.write import write_cap
from collector.texts import TYPES
from tests.support.cap import against_the_schema, moment, pairs, read_by_another
from tests.support.device import jpeg
from wire.event import PlatePart
from wire.incident import AlertPart, Incident, Place
from wire.names import new_id

SEOUL = ZoneInfo("Asia/Seoul")
T = datetime(2026, 3, 1, 21, 30, tzinfo=SEOUL)
WAY = Way("polewatch@gyeyang", "계양구 관제센터", "fire", "Restricted", "소방 한정", "2824510100")
PICTURE = jpeg("street")


def incident(**changed: object) -> Incident:
    made = Incident(
        incident_id=new_id(),
        delivery_id=new_id(),
        revision=1,
        state="open",
        type="fire",
        severity="severe",
        certainty="likely",
        drill=False,
        opened_at=T,
        updated_at=T,
        observed_at=T,
        site="gyeyang",
        device="pole-001-1",
        camera="gate",
        camera_title="정문 <북측> & 후문",
        place=Place(lat=37.5371, lon=126.7377, address="계양구 계산동 1079-1"),
        text_ko="정문에서 21:30:00 화재 감지",
        text_en="Fire at Main gate, 21:30:00",
        finding_ids=(),
        link="https://watch.example/incidents/1",
    )
    return made.model_copy(update=changed)


def told(
    about: Incident, way: Way = WAY, earlier: tuple[int, ...] = (), still: bytes | None = None
) -> Alert:
    sent = tuple((n, T + timedelta(seconds=n)) for n in earlier)
    made = tell(about, way, sent=T + timedelta(minutes=1), earlier=sent, still=still)
    assert made is not None
    return made


def test_another_parser_reads_every_field() -> None:
    about = incident()
    text = write_cap(told(about, still=PICTURE))
    assert against_the_schema(text) is None
    found = read_by_another(text)
    assert found.identifier == f"{about.delivery_id}.1"
    assert found.sender == "polewatch@gyeyang"
    assert str(found.sent) == "2026-03-01T21:31:00+09:00"
    assert found.status.value == "Actual"
    assert found.msg_type.value == "Alert"
    assert found.scope.value == "Restricted"
    assert found.restriction == "소방 한정"
    assert found.addresses is None
    assert found.codes == ["대한민국정부1.2"]
    assert found.incidents == about.incident_id
    korean, english = found.infos
    assert (korean.language, english.language) == ("ko-KR", "en-US")
    assert (korean.event, english.event) == ("화재", "Fire")
    assert korean.description == about.text_ko
    assert english.description == about.text_en
    assert korean.headline == "화재, 정문 <북측> & 후문"
    for info in found.infos:
        assert [one.value for one in info.categories] == ["Fire"]
        assert info.urgency.value == "Immediate"
        assert info.severity.value == "Severe"
        assert info.certainty.value == "Likely"
        assert [one.value for one in info.response_types] == ["Assess"]
        assert pairs(info.event_codes) == (("KR.eventCode", "FRW"),)
        assert moment(info.onset) == T
        assert str(info.onset).endswith("+09:00")
        assert moment(info.expires) == T + timedelta(days=1, minutes=1)
        assert info.sender_name == "계양구 관제센터"
        assert info.web == about.link
        (area,) = info.areas
        assert area.area_desc == "계양구 계산동 1079-1"
        # The latitude comes first, the radius is in kilometres.
        assert area.circles == ["37.5371,126.7377 0.1"]
        assert pairs(area.geocodes) == (("행정구역코드", "2824510100"),)
    (picture,) = korean.resources
    assert base64.b64decode(picture.deref_uri or "") == PICTURE
    assert picture.mime_type == "image/jpeg"
    assert picture.size == len(PICTURE)
    assert picture.digest == hashlib.sha1(PICTURE).hexdigest()
    assert [one.deref_uri for one in english.resources] == [None]


def test_ours_reads_what_ours_writes() -> None:
    for made in (told(incident(), still=PICTURE), told(incident(state="rejected"), earlier=(1, 2))):
        assert read_cap(write_cap(made)) == made


def test_a_drill_is_an_exercise_in_status_note_event_and_headline() -> None:
    found = read_by_another(write_cap(told(incident(drill=True))))
    assert found.status.value == "Exercise"
    assert found.note == "훈련 / DRILL"
    for info, mark in zip(found.infos, ("[훈련]", "[DRILL]"), strict=True):
        assert info.event.startswith(mark)
        assert (info.headline or "").startswith(mark)


def test_a_private_message_names_its_receiver_and_none_is_public() -> None:
    text = write_cap(told(incident(), replace(WAY, scope="Private")))
    assert against_the_schema(text) is None
    found = read_by_another(text)
    assert (found.scope.value, found.addresses, found.restriction) == ("Private", "fire", None)


def test_what_follows_refers_to_all_that_was_sent() -> None:
    about = incident(revision=3, state="confirmed", certainty="observed")
    text = write_cap(told(about, earlier=(1, 2)))
    assert against_the_schema(text) is None
    found = read_by_another(text)
    assert found.msg_type.value == "Update"
    assert found.infos[0].certainty.value == "Observed"
    references = [(one.sender, one.identifier, str(one.sent)) for one in found.references_to_list()]
    assert references == [
        ("polewatch@gyeyang", f"{about.delivery_id}.1", "2026-03-01T21:30:01+09:00"),
        ("polewatch@gyeyang", f"{about.delivery_id}.2", "2026-03-01T21:30:02+09:00"),
    ]


def test_a_rejected_one_is_cancelled_and_a_closed_one_all_clear() -> None:
    cancelled = read_by_another(write_cap(told(incident(state="rejected"), earlier=(1,))))
    assert cancelled.msg_type.value == "Cancel"
    assert cancelled.infos[0].urgency.value == "Past"
    closed = read_by_another(write_cap(told(incident(state="closed"), earlier=(1,))))
    assert closed.msg_type.value == "Update"
    assert [one.value for one in closed.infos[0].response_types] == ["AllClear"]


def test_what_nobody_was_told_of_is_not_cancelled() -> None:
    assert tell(incident(state="rejected"), WAY, sent=T, earlier=(), still=None) is None


def test_every_type_has_its_codes_and_an_unknown_one_is_told_too() -> None:
    assert set(TYPES) <= set(KINDS)
    for type in (*KINDS, "of-tomorrow"):
        text = write_cap(told(incident(type=type)))
        assert against_the_schema(text) is None, type


def test_a_fire_in_the_forest_has_its_own_code_and_plates_are_named() -> None:
    plate = PlatePart(text="12가3456", type="p7", confidence=0.9)
    made = told(incident(plates=(plate,)), replace(WAY, event_code="MFW"))
    found = read_by_another(write_cap(made))
    assert pairs(found.infos[0].event_codes) == (("KR.eventCode", "MFW"),)
    assert ("plate", "12가3456") in pairs(found.infos[0].parameters)


def test_hostile_text_stays_text() -> None:
    about = incident(camera_title="a]]><alert>&x;\x00\x1b", text_ko="<script>\ud83d'\"")
    text = write_cap(told(about))
    assert against_the_schema(text) is None
    assert (read_by_another(text).infos[0].headline or "").endswith("a]]><alert>&x;\ufffd\ufffd")


def test_our_word_about_theirs_and_theirs_about_ours() -> None:
    ours = told(incident())
    said = acknowledgement(ours, sender="119@fire", sent=T)
    text = write_cap(said)
    assert against_the_schema(text) is None
    assert read_by_another(text).identifier == f"{ours.identifier}_ACK"
    (answer,) = answers(read_cap(text), ours=WAY.sender)
    assert (answer.identifier, answer.refused) == (ours.identifier, False)
    assert delivery_of(answer.identifier) == (ours.identifier[:-2], 1)
    refused = acknowledgement(ours, sender="119@fire", sent=T, refused_because="관할 아님")
    assert against_the_schema(write_cap(refused)) is None
    (answer,) = answers(read_cap(write_cap(refused)), ours=WAY.sender)
    assert (answer.refused, answer.note) == (True, "관할 아님")


def test_what_is_no_answer_to_us_is_none() -> None:
    said = acknowledgement(told(incident()), sender="119@fire", sent=T)
    with pytest.raises(CapError, match="names no message of somebody"):
        answers(said, ours="somebody")
    with pytest.raises(CapError, match="Alert is no answer"):
        answers(told(incident()), ours=WAY.sender)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"identifier": "a b"}, "identifier: 'a b' must have no space"),
        ({"sender": "x<y"}, "sender"),
        ({"msg_type": "Cancel"}, "references: a Cancel must name"),
        ({"restriction": None}, "restriction"),
        ({"scope": "Private"}, "addresses"),
        ({"sent": datetime(2026, 3, 1)}, "time without offset"),
    ],
)
def test_what_cap_forbids_is_not_written(changed: dict[str, object], said: str) -> None:
    with pytest.raises(CapError, match=said):
        write_cap(replace(told(incident()), **changed))  # type: ignore[arg-type]  # any field


def test_an_alert_of_an_area_is_told_with_its_own_area_and_code() -> None:
    ring = ((37.5, 126.7), (37.6, 126.7), (37.6, 126.8))
    about = incident(
        type="disaster",
        alert=AlertPart(
            event="호우경보", event_en="Heavy rain", category="Met", code="HRA", area="계양구",
            instruction="하천 출입 금지", polygons=(ring,), circles=((37.54, 126.74, 300.0),),
            codes=("2824500000",),
        ),
    )  # fmt: skip
    text = write_cap(told(about))
    assert against_the_schema(text) is None
    korean, english = read_cap(text).infos
    assert (korean.categories, korean.event, english.event) == (("Met",), "호우경보", "Heavy rain")
    assert (korean.headline, korean.instruction) == ("호우경보, 계양구", "하천 출입 금지")
    assert korean.event_codes == (("KR.eventCode", "HRA"),)
    (area,) = korean.areas
    assert area.polygons == ((*ring, ring[0]),)
    assert area.circles == (Circle(37.54, 126.74, 0.3),)
    assert area.geocodes == (("행정구역코드", "2824500000"),)
    # A category that a newer centre may know.
    strange = about.model_copy(
        update={"alert": about.alert and about.alert.model_copy(update={"category": "Space"})}
    )
    assert told(strange).infos[0].categories == ("Other",)
