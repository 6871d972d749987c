# ruff: noqa: E501 -- a table reads best with one text a line
"""Fault codes with their remedies: stable words for programs, numbers to read out on the phone."""

from __future__ import annotations

from dataclasses import dataclass

from wire.codes_field import FIELD
from wire.codes_rules import RULES


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: `code` for programs, `number` for people, texts in Korean and English."""

    code: str
    number: str
    title_ko: str
    title_en: str
    remedy_ko: str
    remedy_en: str


def _table(*rows: tuple[str, str, str, str, str, str]) -> dict[str, Fault]:
    table = {row[0]: Fault(*row) for row in rows}
    if len(table) != len(rows) or len({row[1] for row in rows}) != len(rows):
        raise AssertionError("a fault code or number stands twice")
    return table


FAULTS = _table(
    (
        "camera.unreachable", "PW-101",
        "카메라에 연결할 수 없음", "Camera cannot be reached",
        "전원, 랜선, IP 주소를 확인하십시오", "Check power, cable and IP address of the camera",
    ),
    (
        "camera.not-found", "PW-102",
        "카메라에 해당 영상 경로가 없음", "The camera has no stream of that path",
        "RTSP 주소의 경로를 확인하십시오", "Check the path of the RTSP URL; 'polewatch provision discover' lists it",
    ),
    (
        "camera.unauthorized", "PW-103",
        "카메라 계정 또는 비밀번호가 틀림", "The camera refuses user name or password",
        "카메라 계정을 다시 저장하십시오", "Store the camera's user name and password again",
    ),
    (
        "camera.not-video", "PW-104",
        "영상이 아닌 스트림", "The stream holds no video",
        "RTSP 주소가 영상 채널인지 확인하십시오", "Check that the URL names a video channel",
    ),
    (
        "camera.h265", "PW-105",
        "H.265 영상은 웹에서 재생할 수 없음", "H.265 cannot be shown in browsers",
        "카메라 또는 보조 스트림을 H.264로 설정하십시오", "Set the camera, or its substream, to H.264",
    ),
    (
        "camera.b-frames", "PW-106",
        "B프레임이 있어 재생이 끊김", "B-frames make playback stall",
        "카메라 프로파일을 Baseline으로 하거나 B프레임을 끄십시오", "Turn B-frames off or choose the Baseline profile",
    ),
    (
        "camera.stalled", "PW-107",
        "영상이 멈춤", "The stream stopped",
        "자동으로 다시 연결합니다. 반복되면 네트워크를 점검하십시오", "Reconnecting by itself; check the network when it repeats",
    ),
    (
        "camera.codec", "PW-108",
        "지원하지 않는 영상 형식", "The video format is not supported",
        "카메라를 H.264로 설정하십시오", "Set the camera to H.264",
    ),
    (
        "camera.bad-url", "PW-109",
        "RTSP 주소 형식 오류", "The RTSP URL is malformed",
        "rtsp://주소:포트/경로 형식으로 고치십시오", "Write it as rtsp://host:port/path",
    ),
    (
        "disk.full", "PW-201",
        "저장 공간 부족", "The disk is full",
        "공간을 비우거나 녹화 용량을 줄이십시오", "Free space or lower the ring's size in the configuration",
    ),
    (
        "disk.read-only", "PW-202",
        "저장 장치에 쓸 수 없음", "The disk cannot be written",
        "저장 장치를 점검하고 교체하십시오", "Check the disk and replace it",
    ),
    (
        "disk.corrupt", "PW-203",
        "저장 자료 손상", "Stored data is damaged",
        "손상된 파일은 따로 보관되었습니다. 저장 장치를 점검하십시오", "Damaged files were set aside; check the disk",
    ),
    (
        "ring.short", "PW-204",
        "녹화 보관 시간이 부족함", "The disk holds less video than it must",
        "더 큰 저장 장치로 교체하거나 카메라 비트레이트를 낮추십시오", "Fit a larger disk, lower the cameras' bit rate, or lower ring.least_hours",
    ),
    (
        "ring.held", "PW-205",
        "사건 보존이 녹화 공간을 다 차지함", "Holds for cases leave too little room to record",
        "끝난 사건의 보존을 해제하거나, 내보낸 뒤 해제하십시오", "Release holds of cases that are over, or export what is held and release it",
    ),
    (
        "ring.no-hold", "PW-206",
        "그런 보존이 없음", "There is no such hold",
        "보존 번호와 카메라를 확인하십시오", "Check the hold's id and the camera; it may have been released before",
    ),
    (
        "model.missing", "PW-301",
        "분석 모델 파일 없음", "A model file is missing",
        "프로그램을 다시 설치하십시오", "Install the program again",
    ),
    (
        "model.hash", "PW-302",
        "분석 모델 파일이 변경됨", "A model file was altered",
        "프로그램을 다시 설치하십시오", "Install the program again",
    ),
    (
        "broker.unreachable", "PW-401",
        "중앙 서버에 연결할 수 없음", "The broker cannot be reached",
        "통신 회선을 확인하십시오. 기록은 보관됩니다", "Check the uplink; events are kept meanwhile",
    ),
    (
        "broker.refused", "PW-402",
        "중앙 서버가 인증서를 거부함", "The broker refuses the certificate",
        "장비를 다시 등록하십시오", "Enrol the box again",
    ),
    (
        "broker.untrusted", "PW-403",
        "중앙 서버의 인증서를 믿을 수 없음", "The broker's certificate is not trusted",
        "주소와 시각, ca.pem을 확인하십시오", "Check the address, the clock and ca.pem",
    ),
    (
        "config.invalid", "PW-501",
        "설정 오류", "The configuration is wrong",
        "알려 준 항목을 고치십시오", "Mend the key that the message names",
    ),
    (
        "port.in-use", "PW-502",
        "포트가 이미 사용 중", "The port is in use",
        "다른 포트를 쓰거나 사용 중인 프로그램을 끄십시오", "Choose another port or end the program that has it",
    ),
    (
        "identity.invalid", "PW-503",
        "장비 인증서 오류", "The device's key or certificate is unusable",
        "장비를 다시 등록하십시오", "Enrol the box again",
    ),
    (
        "clock.unsynchronised", "PW-504",
        "시각이 동기화되지 않음", "The clock is not synchronised",
        "NTP 서버 설정과 통신 회선을 확인하십시오", "Check the NTP server's setting and the uplink",
    ),
    (
        "command.replayed", "PW-601",
        "이미 사용된 명령", "The command was used before", "명령을 다시 보내십시오", "Send the command anew",
    ),
    (
        "command.expired", "PW-602",
        "명령의 유효 시간이 지남", "The command has expired", "명령을 다시 보내십시오", "Send the command anew",
    ),
    (
        "command.stale", "PW-603",
        "재시작 전의 명령", "The command is for an earlier boot or window",
        "명령을 다시 보내십시오", "Send the command anew",
    ),
    (
        "command.foreign", "PW-604",
        "다른 장비의 명령", "The command is for another device",
        "보낸 곳을 확인하십시오", "Find out who sent it",
    ),
    (
        "command.invalid", "PW-605",
        "서명되지 않았거나 잘못된 명령", "The command is not signed or not valid",
        "보낸 곳을 확인하십시오", "Find out who sent it",
    ),
    (
        "command.unsupported", "PW-606",
        "이 장비가 모르는 명령", "This version does not know the command",
        "장비를 업데이트하십시오", "Update the box",
    ),
    (
        "command.busy", "PW-607",
        "처리 중인 명령이 너무 많음", "Too many commands at once",
        "잠시 후 다시 시도하십시오", "Try again in a while",
    ),
    (
        "grant.invalid", "PW-701",
        "열람 허가가 유효하지 않음", "The grant is not valid",
        "열람을 다시 신청하십시오", "Ask for a new grant",
    ),
    (
        "grant.expired", "PW-702",
        "열람 허가 시간이 끝남", "The grant has expired", "열람을 다시 신청하십시오", "Ask for a new grant",
    ),
    (
        "grant.foreign", "PW-703",
        "다른 카메라나 시간의 허가", "The grant is for another camera, range or right",
        "열람을 다시 신청하십시오", "Ask for a grant for what is to be seen",
    ),
    (
        "grant.fingerprint", "PW-704",
        "허가받은 화면이 아님", "The grant belongs to another viewer",
        "허가받은 화면에서 여십시오", "Open it in the page that asked for the grant",
    ),
    (
        "grant.in-use", "PW-705",
        "이미 열람 중인 허가", "The grant is in use",
        "열려 있는 화면을 닫으십시오", "Close the session that is open",
    ),
    (
        "grant.withdrawn", "PW-706",
        "사건이 종결되었거나 열람 승인이 철회됨", "The case was closed or its permit withdrawn",
        "더 봐야 하면 열람을 다시 신청하십시오", "Ask for the case's video again if more must be seen",
    ),
    (
        "clip.not-recorded", "PW-801",
        "그 시간의 녹화가 없음", "Nothing is recorded of that time",
        "보관 기간과 카메라 상태를 확인하십시오", "Check the ring's span and the camera's state",
    ),
    (
        "clip.busy", "PW-802",
        "동시 열람 한도 초과", "Too many sessions", "잠시 후 다시 시도하십시오", "Try again in a while",
    ),
    (
        "clip.camera-down", "PW-803",
        "카메라가 꺼져 있음", "The camera is down", "카메라 상태를 확인하십시오", "See the camera's state",
    ),
    (
        "clip.unknown-session", "PW-804",
        "열람이 이미 끝남", "The session is not open", "다시 여십시오", "Open it again",
    ),
    (
        "clip.bad-offer", "PW-805",
        "영상 연결 요청 오류", "The viewer's offer cannot be answered",
        "H.264를 재생할 수 있는 화면을 쓰십시오", "Use a viewer that plays H.264",
    ),
    (
        "clip.impossible", "PW-806",
        "지금 화면에서는 할 수 없는 조작", "This session cannot do that now",
        "알려 준 내용을 고쳐 다시 요청하십시오", "Change what the message names and ask again",
    ),
    (
        "clip.no-substream", "PW-807",
        "보조 스트림이 없음", "The camera has no substream here",
        "주 스트림을 보거나 설정에 sub_url을 넣으십시오", "Ask for the main stream, or set the camera's sub_url",
    ),
    (
        "export.busy", "PW-811",
        "다른 내보내기가 진행 중", "Another export is being made",
        "끝난 뒤 다시 시도하십시오", "Wait until it is done, then ask again",
    ),
    (
        "export.too-large", "PW-812",
        "내보내기가 너무 큼", "The export is too large",
        "시간을 나누어 내보내십시오", "Export shorter spans, one after the other",
    ),
    (
        "export.failed", "PW-813",
        "내보내기를 만들지 못함", "The export could not be made",
        "알려 준 내용을 확인하고 다시 요청하십시오", "See what the message names, then ask again",
    ),
    (
        "clip.no-room", "PW-808",
        "영상을 변환할 여유가 없음", "The box has no room to convert this video",
        "다른 열람을 닫고 기다리거나, 카메라 또는 보조 스트림을 B프레임 없는 H.264로 설정하십시오",
        "Close other views and wait, or set the camera or its substream to H.264 without B-frames",
    ),
    (
        "watchlist.unreadable", "PW-851",
        "이 장비로 암호화되지 않았거나 변조된 명단", "The list cannot be decrypted here",
        "이 장비의 현재 키로 암호화하여 다시 보내십시오", "Send it again, encrypted to the key that this device offers now",
    ),
    (
        "watchlist.base", "PW-852",
        "명단 버전이 맞지 않음", "The list's delta builds on another version",
        "명단 전체를 다시 보내십시오", "Send the whole list anew",
    ),
    (
        "watchlist.expired", "PW-853",
        "유효 기간이 지난 명단", "The list has expired",
        "기간을 연장한 명단을 보내십시오", "Have its owner extend it, then send it again",
    ),
    (
        "watchlist.invalid", "PW-854",
        "잘못된 명단", "The list is not acceptable",
        "알려 준 항목을 고치십시오", "Mend what the message names",
    ),
    (
        "watchlist.lost", "PW-855",
        "저장된 명단을 읽을 수 없음", "A stored list cannot be read any more",
        "명단 전체를 다시 보내십시오", "Send the whole list anew",
    ),
    (
        "trace.invalid", "PW-859",
        "받을 수 없는 추적 지시", "The trace is not acceptable",
        "알려 준 항목을 고쳐 다시 시작하십시오", "Mend what the message names and begin it again",
    ),
    (
        "trace.over", "PW-860",
        "끝난 추적", "The trace is over",
        "필요하면 새 근거와 기한으로 다시 시작하십시오", "Begin a new one, with its own basis and end, when it is needed",
    ),
    (
        "list.bad-rows", "PW-856",
        "명단에 잘못된 행이 있음", "The list has bad rows",
        "알려 준 행을 고쳐 다시 보내거나 나머지만 받도록 하십시오", "Mend the rows that are named and send it again, or have the others taken",
    ),
    (
        "list.too-large", "PW-857",
        "명단이 너무 큼", "The lists are too large for a pole",
        "한 장비의 명단은 모두 합해 200,000대까지입니다", "A pole holds 200,000 plates of all lists together: end or split one",
    ),
    (
        "list.unknown", "PW-858",
        "없는 명단", "There is no such list",
        "명단 이름을 확인하십시오", "Check the list's name",
    ),
    (
        "estate.unknown", "PW-861",
        "없는 자산", "There is no such asset",
        "관리번호나 QR 라벨을 확인하십시오", "Check the number, or the label's code",
    ),
    (
        "estate.table", "PW-862",
        "자산 표를 읽을 수 없음", "That is no table of assets",
        "관리번호와 종류 열이 있는 CSV 또는 XLSX로 저장하십시오", "Save it as CSV or XLSX with columns for the number (tag) and the kind",
    ),
    (
        "estate.photo", "PW-863",
        "사진을 읽을 수 없음", "The picture cannot be read",
        "40메가픽셀, 12 MB 이하의 JPEG, PNG, WebP로 다시 올리십시오", "Send JPEG, PNG or WebP of at most 40 megapixels and 12 MB",
    ),
    (
        "work.unknown", "PW-864",
        "없는 작업 지시", "There is no such work order",
        "번호를 확인하십시오", "Check its number",
    ),
    (
        "work.state", "PW-865",
        "작업 지시가 그 상태가 아님", "The work order is not in that state",
        "화면을 새로 고쳐 지금 상태를 확인하십시오", "Reload and see how it is now",
    ),
    (
        "board.unknown", "PW-871",
        "없는 전광판 또는 문안", "There is no such board or message",
        "전광판 이름과 문안을 확인하십시오", "Check the board's name and the message",
    ),
    (
        "board.unfit", "PW-872",
        "전광판에 표시할 수 없는 문안", "The board cannot show this message",
        "미리보기에 알려 준 부분을 고치십시오", "Mend what the preview names",
    ),
    (
        "board.state", "PW-873",
        "이미 처리된 문안", "The message has been decided on or is over",
        "새 문안을 작성하십시오", "Write a new one",
    ),
    (
        "facility.unknown", "PW-881",
        "없는 시설 또는 안내 방송", "There is no such facility or announcement",
        "장비 설정의 facilities를 확인하십시오", "Check facilities in the box's configuration",
    ),
    (
        "facility.busy", "PW-882",
        "시설을 너무 자주 켬", "The facility is switched too often",
        "잠시 뒤 다시 시도하십시오", "Try again in a moment",
    ),
    (
        "facility.stuck", "PW-883",
        "시설이 지시대로 켜지거나 꺼지지 않음", "A facility is not as it was switched",
        "릴레이와 배선, 전원을 확인하십시오", "See to its relay, wiring and power",
    ),
    (
        "device.offline", "PW-901",
        "장비가 연결되어 있지 않음", "The device is offline",
        "장비의 전원과 회선을 확인하십시오", "Check the box's power and uplink",
    ),
    (
        "device.unknown", "PW-902",
        "등록되지 않은 장비", "The device is not enrolled",
        "장비 이름과 등록 상태를 확인하십시오", "Check the name and the register",
    ),
    (
        "device.silent", "PW-903",
        "장비가 응답하지 않음", "The device did not answer in time",
        "장비의 전원과 회선을 확인하고 다시 시도하십시오", "Check the box's power and uplink, then try again",
    ),
    (
        "signer.unreachable", "PW-904",
        "승인 서버에 연결할 수 없음", "The grant signer cannot be reached",
        "승인 서버가 실행 중인지 확인하십시오", "Check that 'polewatch collector signer' is running",
    ),
    (
        "auth.required", "PW-711",
        "로그인이 필요함", "Nobody is signed in",
        "로그인하십시오", "Sign in",
    ),
    (
        "auth.refused", "PW-712",
        "이름 또는 비밀번호가 틀림", "Name or password is wrong",
        "다시 입력하십시오", "Type them again; a supervisor can set a new password",
    ),
    (
        "auth.locked", "PW-713",
        "로그인 시도가 너무 많음", "Too many attempts to sign in",
        "잠시 후 다시 시도하십시오", "Wait until the time that is named, then try again",
    ),
    (
        "auth.forbidden", "PW-714",
        "권한이 없음", "The role does not permit this",
        "권한이 있는 담당자에게 요청하십시오", "Ask somebody whose role permits it",
    ),
    (
        "permit.needed", "PW-715",
        "승인이 필요함", "An operator must permit this first",
        "긴급영상을 요청하고 관제요원의 승인을 받으십시오", "Ask for the video as a case; an operator or a standing rule permits it",
    ),
    (
        "permit.unknown", "PW-716",
        "해당 승인이 없음", "There is no such permit",
        "사건 목록에서 다시 여십시오", "Open the case again from the list",
    ),
    (
        "case.unknown", "PW-721",
        "해당 사건이 없음", "There is no such case",
        "사건 번호와 소속 기관을 확인하십시오", "Check its number, and that it is your agency's",
    ),
    (
        "case.state", "PW-722",
        "사건의 상태가 이를 허용하지 않음", "The case's state forbids this",
        "사건을 다시 열어 상태를 확인하십시오", "Open the case again and look at its state",
    ),
    (
        "case.no-camera", "PW-724",
        "주변에 카메라가 없음", "There is no camera near that place",
        "위치를 확인하십시오", "Check the position; cameras within 500 m are offered",
    ),
    (
        "case.no-basis", "PW-725",
        "법적 근거가 없음", "The request names no legal basis",
        "개인정보 보호법 제18조제2항제3호 등 법적 근거를 적으십시오", "Name it, e.g. PIPA 18(2)3; without one no video is provided",
    ),
    (
        "place.impossible", "PW-723",
        "위치가 잘못됨", "The position cannot be meant",
        "위도와 경도의 순서와 값을 확인하십시오", "Check latitude and longitude, and their order",
    ),
    (
        "auth.code", "PW-717",
        "일회용 번호가 맞지 않음", "The one-time code does not hold",
        "인증 앱의 새 번호를 입력하십시오. 등록하지 않았으면 관리자에게 요청하십시오",
        "Type the newest number of the authenticator app; each counts once. Without one ask for 'polewatch collector user totp'",
    ),
    (
        "link.used", "PW-718",
        "다른 휴대전화에서 이미 연 링크", "The link was opened on another phone",
        "상황실에 새 링크를 요청하십시오", "Ask the room for another link; each opens once",
    ),
    (
        "request.invalid", "PW-511",
        "요청 형식 오류", "The request is wrong",
        "알려 준 항목을 고치십시오", "Mend the field that the message names",
    ),
    (
        "incident.unknown", "PW-512",
        "없는 사건", "There is no such incident",
        "목록을 새로 고치고 다시 고르십시오", "Load the list anew and choose again",
    ),
    (
        "still.unknown", "PW-513",
        "정지 영상이 없음", "The picture is not here",
        "현장 장비가 보낼 때까지 기다리십시오", "Wait until the pole sends it",
    ),
    (
        "console.crowded", "PW-514",
        "열린 화면이 너무 많음", "Too many pages are open",
        "쓰지 않는 화면을 닫으십시오", "Close pages that nobody uses",
    ),
    *RULES,
    *FIELD,
    (
        "internal", "PW-999",
        "내부 오류", "Internal error",
        "지원 자료를 보내 주십시오", "Send a support bundle",
    ),
)  # fmt: skip


def fault(code: str) -> Fault:
    """The fault of that code; unknown codes (of newer versions) are kept and shown as they are."""
    return FAULTS.get(code) or Fault(code, "PW-000", code, code, "", "")


def explain(code: str) -> str:
    """One English line: number, what it is, what to do."""
    known = fault(code)
    return f"{known.number} {known.title_en}. {known.remedy_en}."
