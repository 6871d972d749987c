# ruff: noqa: E501 -- a table reads best with one text a line
"""Codes of what concerns zones, lines and rules; part of the table in wire.codes."""

from __future__ import annotations

from typing import Final

RULES: Final = (
    (
        "rules.invalid", "PW-561",
        "규칙 오류", "The rules are wrong",
        "알려 준 구역, 선, 규칙을 고치십시오", "Mend the zone, line or rule that the message names",
    ),
    (
        "rules.stale", "PW-562",
        "그 사이에 규칙이 바뀜", "The rules were changed meanwhile",
        "새 규칙을 불러와 다시 고치십시오", "Load them anew and make your change again",
    ),
    (
        "rules.no-camera", "PW-563",
        "장비에 그 카메라가 없음", "The box has no such camera",
        "중앙의 카메라 목록과 장비의 agent.yaml을 맞추십시오", "Have the centre's list of cameras and the box's agent.yaml agree",
    ),
    (
        "rules.lost", "PW-564",
        "장비에 저장된 규칙을 읽을 수 없음", "The centre's rules on the box cannot be read",
        "중앙이 다시 보냅니다. 그때까지는 agent.yaml의 규칙을 따릅니다", "The centre sends them again; until then those of agent.yaml count",
    ),
    (
        "rules.no-plates", "PW-565",
        "번호판을 읽지 않는 카메라", "The camera is not set up to read plates",
        "agent.yaml에서 그 카메라에 번호판 규칙을 넣고 에이전트를 다시 시작하십시오", "Give the camera a rule for plates in agent.yaml and restart the agent",
    ),
    (
        "trial.busy", "PW-566",
        "장비에서 다른 시험이 진행 중", "Another trial runs on the box",
        "끝날 때까지 기다리거나 그 시험을 멈추십시오", "Wait until it has ended, or stop it",
    ),
    (
        "trial.no-recording", "PW-567",
        "시험할 녹화 영상이 없음", "There is no recording to try them on",
        "카메라와 저장 공간을 확인하고, 녹화된 뒤에 다시 하십시오", "Check camera and disk, and try again when it has recorded",
    ),
    (
        "trial.no-room", "PW-568",
        "시험할 여유가 없는 장비", "The box has no room for a trial",
        "메모리가 빌 때 다시 하십시오", "Try again when memory is free",
    ),
    (
        "trial.interrupted", "PW-569",
        "장비가 다시 시작되어 시험이 끝남", "The trial ended by a restart of the box",
        "다시 시험하십시오", "Try again",
    ),
    (
        "trial.timed-out", "PW-570",
        "시험 시간이 다 됨", "The trial's time is over",
        "더 짧은 시간으로 다시 하십시오. 그때까지의 결과는 남아 있습니다", "Try fewer minutes; what was found until then stands",
    ),
    (
        "trial.failed", "PW-571",
        "시험이 실패함", "The trial failed",
        "장비의 기록을 확인하십시오", "See the box's log",
    ),
    (
        "trial.unknown", "PW-572",
        "장비에 시험 결과가 없음", "The box knows of no trial",
        "다시 시험하십시오", "Try again",
    ),
)  # fmt: skip
