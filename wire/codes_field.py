# ruff: noqa: E501 -- a table reads best with one text a line
"""Fault codes of the technician's tool and of the box's own checks; wire.codes has them all."""

from __future__ import annotations

FIELD: tuple[tuple[str, str, str, str, str, str], ...] = (
    (
        "card.system", "PW-251",
        "시스템 디스크임", "This is the system's own disk",
        "다른 장치를 지정하십시오. 시스템 디스크에는 절대 쓰지 않습니다", "Name another device; the system's disk is never written",
    ),
    (
        "card.in-use", "PW-252",
        "사용 중인 장치", "The device is in use",
        "알려 준 사용을 끝내십시오(예: umount). 그 뒤 다시 시도하십시오", "End the use that is named, for example by umount, then try again",
    ),
    (
        "card.fixed", "PW-253",
        "분리형 장치가 아님", "The device is not removable",
        "정말 이 장치이면 --fixed 로 한 번 더 지정하십시오", "If it is meant, name it once more by --fixed",
    ),
    (
        "card.too-small", "PW-254",
        "장치 용량 부족", "The device is too small for the image",
        "더 큰 카드를 쓰십시오", "Use a larger card",
    ),
    (
        "card.not-a-disk", "PW-255",
        "디스크 장치가 아님", "This is no whole disk",
        "파티션이 아닌 디스크 전체(예: /dev/sdb)를 지정하십시오", "Name a whole disk such as /dev/sdb, not a part of it",
    ),
    (
        "card.pulled", "PW-256",
        "기록 중 카드가 빠짐", "The card was pulled",
        "카드를 다시 꽂고 처음부터 다시 기록하십시오. 부팅되지 않는 상태입니다", "Insert it again and flash it anew; as it is it does not boot",
    ),
    (
        "card.io", "PW-257",
        "카드 읽기/쓰기 오류", "The card cannot be written or read",
        "다른 리더기로 시도하고, 반복되면 카드를 버리십시오", "Try another reader; when it repeats throw the card away",
    ),
    (
        "card.differs", "PW-258",
        "기록한 내용과 읽은 내용이 다름", "What is read back is not what was written",
        "카드를 버리십시오", "Throw the card away",
    ),
    (
        "card.capacity", "PW-259",
        "용량을 속이는 카드", "The card holds less than it says",
        "위조 카드입니다. 버리십시오", "It is counterfeit; throw it away",
    ),
    (
        "card.locked", "PW-260",
        "쓰기 금지된 카드", "The card is write-protected or not yours to write",
        "카드의 잠금 스위치를 풀고, 관리자 권한으로 실행하십시오", "Slide the card's lock switch open and run as administrator",
    ),
    (
        "site.invalid", "PW-521",
        "현장 파일 오류", "The site file is wrong",
        "알려 준 항목을 고치십시오", "Mend the keys that are named",
    ),
    (
        "site.sheet", "PW-522",
        "표를 읽을 수 없음", "The table cannot be read",
        "첫 줄에 항목 이름이 있는 CSV 또는 XLSX로 저장하십시오", "Save it as CSV or XLSX with headings in its first line",
    ),
    (
        "site.import", "PW-523",
        "현장 등록을 하지 않음", "Nothing was imported",
        "알려 준 것을 고친 뒤 전체를 다시 등록하십시오", "Mend what is named, then import the whole table again",
    ),
    (
        "image.hash", "PW-271",
        "이미지 SHA-256 불일치", "The image's SHA-256 is not the expected one",
        "이미지를 다시 받으십시오", "Fetch the image again",
    ),
    (
        "image.unreadable", "PW-272",
        "이미지를 읽을 수 없음", "The image cannot be read",
        ".img, .img.xz, .img.zst 파일을 온전히 다시 받으십시오", "Fetch it again, whole, as .img, .img.xz or .img.zst",
    ),
)  # fmt: skip
