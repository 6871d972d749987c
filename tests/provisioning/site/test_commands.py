"""`polewatch provision site` as a technician or a script uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from provisioning.authority import Authority
from provisioning.problems import ProvisionError
from provisioning.site.model import load_site, site_text
from provisioning.site.store import store
from tests.provisioning.site.tables import city_table, imported, save_csv
from tests.support.provision import Result, program


def run(*arguments: object, lang: str = "en") -> Result:
    return program(["--lang", lang, "site", *map(str, arguments)])


def importing(table: Path, out: Path, *more: object, lang: str = "en") -> Result:
    options = ("--city", "gyeyang", "--broker", "broker.example", "--out", out)
    return run("import", table, *options, *more, lang=lang)


def test_a_table_becomes_files_and_certificates_and_again_nothing_new(tmp_path: Path) -> None:
    table = save_csv(tmp_path / "poles.csv", city_table(3), "cp949")
    city, out = tmp_path / "authority", tmp_path / "sites"
    Authority.init(city, "gyeyang")
    answer = json.loads(importing(table, out, "--authority", city, "--json").stdout)
    assert answer == {
        "ok": True, "rows": 3, "poles": 3, "cameras": 3,
        "written": 3, "unchanged": 0, "issued": 3,
    }  # fmt: skip
    assert sorted(path.name for path in out.iterdir()) == [f"gy-000{n}.yaml" for n in (1, 2, 3)]
    assert load_site(out / "gy-0002.yaml").address == "인천 계양구 계양대로 2"
    assert len(Authority(city).register.devices) == 3
    again = json.loads(importing(table, out, "--authority", city, "--json").stdout)
    assert (again["written"], again["unchanged"], again["issued"]) == (0, 3, 0)
    assert run("check", *sorted(out.iterdir())).exit_code == 0


def test_one_bad_row_and_nothing_is_done(tmp_path: Path) -> None:
    rows = city_table(60)
    rows[2][1], rows[2][2] = rows[2][2], rows[2][1]
    for row in rows[3:]:
        row[5] = "http://"
    table = save_csv(tmp_path / "poles.csv", rows, "utf-8")
    city, out = tmp_path / "authority", tmp_path / "sites"
    Authority.init(city, "gyeyang")
    bad = importing(table, out, "--authority", city, "--json")
    assert bad.exit_code == 1
    answer = json.loads(bad.stdout)
    assert (answer["ok"], answer["number"], len(answer["bad"])) == (False, "PW-523", 59)
    assert answer["bad"][0]["row"] == 3
    assert "swapped" in answer["bad"][0]["text_en"]
    assert "바뀌었습니다" in answer["bad"][0]["text_ko"]
    assert not out.exists()
    assert Authority(city).issued() == ()
    shown = importing(table, out, lang="ko")
    assert shown.exit_code == 1
    assert "60행 중 59행" in shown.stderr
    assert "9건" in shown.stderr


def test_a_pole_that_is_there_with_other_content_stops_all(tmp_path: Path) -> None:
    out = tmp_path / "sites"
    store(imported({}).sites, out, None)
    before = (out / "gy-001.yaml").read_bytes()
    changed = imported({"address": "elsewhere"}, {"pole": "gy-2", "url": "rtsp://10.0.0.2/"})
    with pytest.raises(ProvisionError, match="other files of gy-001"):
        store(changed.sites, out, None)
    assert [path.name for path in out.iterdir()] == ["gy-001.yaml"]
    assert (out / "gy-001.yaml").read_bytes() == before


def test_a_failure_of_the_authority_leaves_no_file(tmp_path: Path) -> None:
    city = Authority.init(tmp_path / "authority", "gyeyang")
    (city.folder / "issuing" / "key.pem").write_text("damaged")
    out = tmp_path / "sites"
    with pytest.raises(Exception, match="PW-553"):
        store(imported({}).sites, out, Authority(city.folder))
    assert list(out.iterdir()) == []


def test_another_citys_authority_is_refused(tmp_path: Path) -> None:
    city = Authority.init(tmp_path / "authority", "elsewhere")
    with pytest.raises(ProvisionError, match="elsewhere's"):
        store(imported({}).sites, tmp_path / "sites", city)


def test_wrong_use_is_told_from_failure(tmp_path: Path) -> None:
    table = save_csv(tmp_path / "poles.csv", city_table(1), "utf-8")
    assert run("import", table, "--city", "Gyeyang").exit_code == 2
    assert run("import", table, "--city", "gy", "--time-zone", "Seoul").exit_code == 2
    assert run("import", table).exit_code == 2
    assert importing(tmp_path / "nothing.csv", tmp_path).exit_code == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"position": {"latitude": 126.7, "longitude": 37.5}}, "less than or equal to 90"),
        ({"position": {"latitude": 48.0, "longitude": 2.0}}, "not in Korea"),
        ({"cameras": []}, "cameras"),
        ({"time_zone": "Mars"}, "time_zone: is no IANA"),
        ({"sahrd": "00"}, "did you mean 'shard'"),
        ({"shard": "xyz"}, "shard"),
    ],
)
def test_a_wrong_site_file_names_the_key(
    tmp_path: Path, change: dict[str, object], says: str
) -> None:
    (site,) = imported({}).sites
    path = tmp_path / "site.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(site_text(site)), **change}))
    done = run("check", path)
    assert done.exit_code == 1
    assert says in done.stderr
    answer = json.loads(run("check", path, "--json").stdout)
    assert [one["number"] for one in answer["wrong"]] == ["PW-521"]


def test_a_site_files_password_is_refused_and_not_shown(tmp_path: Path) -> None:
    (site,) = imported({}).sites
    path = tmp_path / "site.yaml"
    path.write_text(site_text(site).replace("rtsp://10", "rtsp://admin:geheim@10"))
    done = run("check", path)
    assert done.exit_code == 1
    assert "user and password" in done.stderr
    assert "geheim" not in done.stderr
