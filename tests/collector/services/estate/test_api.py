"""The registry over HTTP: who may do what, tables, pictures, work, and labels that tell nothing."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from collector.services.estate import api, work_api
from collector.services.estate.desk import EstateDesk
from collector.services.estate.release import release
from collector.services.estate.world import WorldView
from provisioning.authority import Authority
from tests.collector.services.estate.test_photo import picture
from tests.support.service_bench import ServiceBench

URL = "/api/assets"
TABLE = (
    "관리번호,종류,장비이름,카메라이름,설치목적,설치일\n"
    "C-1,카메라,pole-001-1,north,방범,2020-01-01\n"
    "B-1,함체,pole-001-1,,,2020. 1. 1.\n"
    "P-1,폴,,,,\n"
)


class Office(ServiceBench):
    """A centre that answers about assets."""

    def __init__(self, folder: Path, town: Authority) -> None:
        super().__init__(folder, town)
        zone = self.settings.zone
        estate = api.Estate(
            self.database, self.reader,
            WorldView(self.reader, dict, zone, self.clock, release({}), ()),
            EstateDesk(self.reader.cameras), zone, self.clock,
        )  # fmt: skip
        self.app.include_router(api.build_router(estate, self.persons.required))
        work = work_api.build_router(self.database, self.reader, self.persons.required, self.clock)
        self.app.include_router(work)

    def ids(self, client: Any) -> dict[str, str]:
        return {one["tag"]: one["id"] for one in client.get(URL).json()["assets"]}


@pytest.fixture
def office(tmp_path: Path, town: Authority) -> Iterator[Office]:
    made = Office(tmp_path, town)
    yield made
    made.close()


def test_a_table_goes_in_and_out_and_one_asset_is_changed(office: Office) -> None:
    with office.client("chief") as client:
        checked = client.post(f"{URL}/table?check=true", content=TABLE.encode("cp949")).json()
        assert (checked["taken"], checked["added"]) == (False, 3)
        assert client.post(f"{URL}/table", content=TABLE.encode()).json()["taken"]
        bad = client.post(f"{URL}/table", content=f"{TABLE}X,드론,,,,26.1.1\n".encode()).json()
        assert (bad["taken"], bad["bad_rows"], [one["row"] for one in bad["bad"]]) == (
            False, 1, [5, 5],
        )  # fmt: skip
        nothing = client.post(f"{URL}/table", content=b"PK\x03\x04 no workbook")
        assert (nothing.status_code, nothing.json()["code"]) == (422, "estate.table")
        ids = office.ids(client)
        found = client.get(f"{URL}/{ids['C-1']}").json()
        assert (found["title"], found["state"], found["purpose"]) == ("north", "unknown", "방범")
        changed = client.patch(f"{URL}/{ids['C-1']}", json={"fields": {"parent": "P-1"}})
        assert changed.json()["on"]["tag"] == "P-1"
        assert changed.json()["changes"][0]["field"] == "parent"
        assert [one["tag"] for one in client.get(f"{URL}/{ids['P-1']}").json()["parts"]] == ["C-1"]
        for fields, code in (
            ({"parent": "nowhere"}, "estate.table"), ({"installed": "26.1.1"}, "estate.table"),
            ({"tag": "C-2"}, "request.invalid"),
        ):  # fmt: skip
            answer = client.patch(f"{URL}/{ids['C-1']}", json={"fields": fields})
            assert answer.json()["code"] == code
        new = {"tag": "L-1", "kind": "light", "fields": {"maker": "동양"}}
        assert client.post(URL, json=new).status_code == 201
        assert client.post(URL, json=new).json()["code"] == "estate.table"
        book = client.get(f"{URL}/table")
        sheet = load_workbook(io.BytesIO(book.content)).active
        assert sheet is not None
        assert [row[0] for row in sheet.iter_rows(values_only=True)] == [
            "관리번호", "B-1", "C-1", "L-1", "P-1",
        ]  # fmt: skip
        assert client.post(f"{URL}/table", content=book.content).json()["same"] == 4
        month = client.get(f"{URL}/availability?month=2026-03").json()
        assert month["cameras"][0]["tag"] == "C-1"
        assert month["total"]["cameras"] == 4
        assert client.get(f"{URL}/availability?month=2026-13").status_code == 400
        csv = client.get(f"{URL}/availability?month=2026-03&format=csv").content
        assert csv.decode("utf-8-sig").startswith("관리번호,")


def test_work_goes_from_its_order_to_its_end_with_pictures(office: Office) -> None:
    with office.client("chief") as client:
        client.post(f"{URL}/table", content=TABLE.encode())
        asset = office.ids(client)["B-1"]
        made = client.post(f"/api/work-orders/of/{asset}", json={"title": "문 고장"})
        number = made.json()["number"]
        assert client.post(
            f"/api/work-orders/{number}/assignment", json={"to": "한빛정비"}
        ).status_code == 204  # fmt: skip
    office.clock.advance(3600)
    work = f"/api/work-orders/{number}"
    with office.client("tech") as client:
        assert client.post(f"{work}/assignment", json={"to": "한빛정비"}).status_code == 403
        assert client.post(f"{work}/assignment", json={"to": "tech"}).status_code == 204
        assert client.post(f"{work}/note", json={"note": "경첩 교체"}).status_code == 204
        assert client.put(f"{work}/photo", content=picture(80, 60)).status_code == 204
        broken = client.put(f"{work}/photo", content=b"\xff\xd8 broken")
        assert (broken.status_code, broken.json()["code"]) == (422, "estate.photo")
        big = client.put(f"{work}/photo", content=bytes(13 * 1024 * 1024))
        assert big.status_code == 413
        assert client.put(f"{URL}/{asset}/photo", content=picture(80, 60, "PNG")).status_code == 204
        assert client.post(f"{work}/done", json={}).status_code == 204
        late = client.post(f"{work}/note", json={"note": "x"})
        assert (late.status_code, late.json()["code"]) == (409, "work.state")
        found = client.get(f"{URL}/{asset}").json()
        (order,) = found["work"]
        assert (order["state"], order["repair_s"], order["done_by"]) == ("closed", 3600.0, "tech")
        assert [one["what"] for one in order["steps"]] == [
            "opened", "assigned", "assigned", "noted", "photo", "done",
        ]  # fmt: skip
        for sha256 in (found["photo"], order["steps"][4]["photo"]):
            shown = client.get(f"{URL}/photos/{sha256}")
            assert shown.headers["content-type"] == "image/jpeg"
            assert shown.content.startswith(b"\xff\xd8")
        assert client.get("/api/work-orders").json() == []
    with office.client() as client:
        assert client.get(f"{URL}/photos/{found['photo']}").status_code == 401


def test_planned_maintenance_is_the_supervisor_s_word_and_no_excuse(office: Office) -> None:
    now = office.clock.now()

    def body(start: float, end: float) -> dict[str, str]:
        return {
            "title": "도색",
            "planned_from": (now + timedelta(hours=start)).isoformat(),
            "planned_to": (now + timedelta(hours=end)).isoformat(),
        }

    with office.client("chief") as client:
        client.post(f"{URL}/table", content=TABLE.encode())
        url = f"/api/work-orders/of/{office.ids(client)['C-1']}"
        for start, end in ((-3, -1), (2, 1), (1, 24 * 40)):
            assert client.post(url, json=body(start, end)).status_code == 400
        assert client.post(url, json=body(1, 2)).status_code == 201
        nobody = client.post("/api/work-orders/of/zzzzzzzzzzzz", json={"title": "x"})
        assert (nobody.status_code, nobody.json()["code"]) == (404, "estate.unknown")
        assert client.post("/api/work-orders/999/note", json={"note": "x"}).status_code == 404
    with office.client("oper") as client:
        assert client.post(url, json=body(1, 2)).status_code == 403


@pytest.mark.parametrize(
    ("who", "sees", "keeps"),
    [
        ("oper", 200, 403), ("tech", 200, 403), ("admin", 200, 200), ("kim", 403, 403),
        ("priv", 403, 403), (None, 401, 401),
    ],
)  # fmt: skip
def test_who_sees_and_keeps_assets(office: Office, who: str | None, sees: int, keeps: int) -> None:
    with office.client(who) as client:
        for path in (URL, f"{URL}/table", f"{URL}/availability?month=2026-03", "/api/work-orders"):
            assert client.get(path).status_code == sees, path
        assert client.post(f"{URL}/table", content=TABLE.encode()).status_code == keeps
        # Whether there is such an asset is told to those alone who may see it.
        unknown = client.get(f"{URL}/zzzzzzzzzzzz").status_code
        assert unknown == (404 if sees == 200 else sees)
