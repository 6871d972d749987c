"""One time line over resets and reconnections."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.camera.timeline import Timeline

STEP = 9000


def test_it_starts_at_zero_whatever_the_camera_says() -> None:
    line = Timeline()
    assert line.place(7_000_000, 7_000_000, STEP, 50.0) == (0, 0)
    assert line.place(7_009_000, 7_009_000, STEP, 50.1) == (9000, 9000)


def test_a_reconnection_spans_the_time_that_passed() -> None:
    line = Timeline()
    line.place(0, 0, STEP, 50.0)
    line.reconnect()
    assert line.place(123, 123, STEP, 60.0) == (900_000, 900_000)


def test_a_clock_reset_within_a_connection_is_bridged() -> None:
    line = Timeline()
    line.place(90_000_000, 90_000_000, STEP, 50.0)
    assert line.place(0, 0, STEP, 50.1) == (9000, 9000)
    assert line.place(9000, 9000, STEP, 50.2) == (18000, 18000)


def test_a_packet_without_time_follows_the_last_by_one_frame() -> None:
    line = Timeline()
    line.place(0, 0, STEP, 50.0)
    assert line.place(None, None, None, 50.1) == (9000, 9000)


def test_missing_dts_of_b_frames_does_not_run_ahead_with_pts() -> None:
    line = Timeline()
    line.place(0, 0, STEP, 50.0)
    assert line.place(27_000, None, STEP, 50.1) == (27_000, 9000)
    assert line.place(9_000, None, STEP, 50.2) == (9001, 9001)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.none() | st.integers(-(2**33), 2**33),
            st.none() | st.integers(-(2**33), 2**33),
            st.floats(0, 100),
            st.booleans(),
        ),
        max_size=40,
    )
)
def test_dts_always_grows_and_pts_is_never_before_it(
    packets: list[tuple[int | None, int | None, float, bool]],
) -> None:
    line = Timeline()
    now, before = 0.0, -1
    for pts, dts, pause, reconnects in packets:
        now += pause
        if reconnects:
            line.reconnect()
        shown, decoded = line.place(pts, dts, STEP, now)
        assert decoded > before
        assert shown >= decoded
        before = decoded
