"""The layer file, and what of it a fire engine is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from collector.services.layer import Layer, load_layer, notes
from collector.services.place import Point, moved
from wire.settings import SettingsError

PLACE = Point(37.5371, 126.7377)


def lonlat(east: float, north: float) -> list[float]:
    at = moved(PLACE, east, north)
    return [at.lon, at.lat]


def feature(kind: str, shape: Any, **told: Any) -> dict[str, Any]:
    many = isinstance(shape[0], list)
    geometry = {"type": "LineString" if many else "Point", "coordinates": shape}
    return {"type": "Feature", "properties": {"kind": kind, **told}, "geometry": geometry}


def written(tmp_path: Path, *features: Any) -> Path:
    path = tmp_path / "layer.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_the_nearest_of_each_kind_with_distance_and_direction(tmp_path: Path) -> None:
    layer = load_layer(
        written(
            tmp_path,
            feature("hydrant", lonlat(0, 120), id="H-2"),
            feature("hydrant", lonlat(40, 0), id="H-1"),
            feature("hydrant", lonlat(400, 0), id="far"),
            feature("street", [lonlat(-100, 10), lonlat(100, 10)], name="계산로", width_m=3.5),
            feature("street", [lonlat(0, 80), lonlat(0, 200)], name="far", width_m=8),
            feature("hazard", lonlat(0, -30), text="LPG 저장소"),
        )
    )
    hazard, street, first, second = notes(layer, PLACE)
    assert (hazard.text, hazard.distance_m, hazard.direction_deg) == ("LPG 저장소", 30.0, 180.0)
    assert (street.text, street.width_m, street.distance_m) == ("계산로", 3.5, 10.0)
    assert [(one.text, one.distance_m) for one in (first, second)] == [("H-1", 40), ("H-2", 120)]
    assert notes(Layer(), PLACE) == ()


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (feature("well", [126.7, 37.5]), "features[0]: kind 'well' is none of"),
        (feature("hydrant", [126.7, 37.5]), "features[0]: 'id' is missing"),
        (feature("hydrant", [37.5, 126.7], id="x"), "GeoJSON wants longitude first"),
        (feature("street", [126.7, 37.5], name="x", width_m=3), "a street is a LineString"),
        (
            feature("street", [[126.7, 37.5], [126.7, 37.6]], name="x", width_m=-1),
            "no width of a street",
        ),
        (feature("hazard", [[126.7, 37.5]], text="x"), "geometry must be a Point"),
        ("text", "features[0]"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, bad: Any, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_layer(written(tmp_path, bad))
    assert said in str(caught.value)
    assert "layer.geojson" in str(caught.value)


def test_what_is_no_layer_at_all_is_named(tmp_path: Path) -> None:
    path = tmp_path / "layer.geojson"
    with pytest.raises(SettingsError, match="cannot be read"):
        load_layer(path)
    for text in ("no json", "[]", '{"features": 3}', "[" * 100_000):
        path.write_text(text)
        with pytest.raises(SettingsError, match=r"layer\.geojson"):
            load_layer(path)
