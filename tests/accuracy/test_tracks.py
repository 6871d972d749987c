"""The tracker's identities on labelled sequences; `polewatch bench track` shows peers beside it."""

from __future__ import annotations

import pytest

from polewatch.accuracy.measurement import Figure
from polewatch.accuracy.shipped import shipped_sight
from polewatch.bench.track import LabelledSequence, Row, campus, own, streets
from tests.accuracy.labelled import LABELS, data, street
from tests.accuracy.reporting import leave

pytestmark = pytest.mark.timeout(900)

STREETS = ("vtest", "vtest-2")


def test_tracks_keep_their_people() -> None:
    detector = shipped_sight().whole
    labels = [LABELS / f"{stem}.json" for stem in STREETS]
    sequences = [
        campus(data("tracking/TUD-Campus"), detector),
        *streets(street(), labels, detector),
    ]
    leave(
        "tracks",
        "Tracks: who is who",
        [figure for sequence in sequences for figure in _figures(sequence)],
        footage=(
            "TUD-Campus, 71 frames, 359 boxes of 8 people; vtest.avi with vtest.json, every tenth "
            "frame labelled, and with vtest-2.json, every twentieth"
        ),
        condition=(
            "the tracker as it ships and by boxes alone, on the detector's people in whole "
            "pictures, 25 and 10 a second; MOTA, IDF1 and ID switches at IoU 0.5; who sits behind "
            "the window in TUD-Campus, and is not in its truth, counts neither way"
        ),
        tuned=(
            "the tracker, on TUD-Campus and in the knowledge of vtest; nothing on vtest-2, whose "
            "figures were known; the thresholds of looks on vtest after its 20th second, how they "
            "are used also in the knowledge of what happens before"
        ),
        test="test_tracks.py",
        notes=["`polewatch bench track` gives norfair and ByteTrack the same detections."],
    )


def _figures(sequence: LabelledSequence) -> list[Figure]:
    name = sequence.name.lower()
    return [
        *_of(own(sequence, repeats=3), f"tracks.{name}", name, sequence),
        *_of(
            own(sequence, repeats=3, looks=False),
            f"tracks-boxes.{name}",
            f"{name}, boxes alone",
            sequence,
        ),
    ]


def _of(scored: Row, prefix: str, label: str, sequence: LabelledSequence) -> list[Figure]:
    score = scored.score
    basis = (
        f"{score.labelled} boxes, {score.misses} missed, {score.false_boxes} false, "
        f"{score.switches} switches"
    )
    time_basis = f"{len(sequence.detections)} frames, the least of 3 runs"
    return [
        Figure(id=f"{prefix}.mota", label=f"{label}: MOTA", value=score.mota, basis=basis),
        Figure(id=f"{prefix}.idf1", label=f"{label}: IDF1", value=score.idf1, basis=basis),
        Figure(
            id=f"{prefix}.ms",
            label=f"{label}: time of a frame",
            value=scored.us / 1000,
            basis=time_basis,
            unit="ms",
        ),
    ]
