"""Kinds of assets and their fields, with the headings by which tables name them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

Kind = Literal[
    "pole", "camera", "box", "disk", "light", "board", "sign", "siren", "speaker", "bell"
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
KIND_WORDS: Final[dict[str, Kind]] = {
    "폴": "pole", "지주": "pole", "전주": "pole", "pole": "pole",
    "카메라": "camera", "cctv": "camera", "camera": "camera",
    "함체": "box", "제어함": "box", "장비": "box", "box": "box",
    "디스크": "disk", "저장장치": "disk", "disk": "disk",
    "조명": "light", "보안등": "light", "light": "light",
    "전광판": "board", "board": "board",
    "로고젝터": "light",
    "안내판": "sign", "표지판": "sign", "sign": "sign",
    "사이렌": "siren", "경광등": "siren", "siren": "siren",
    "스피커": "speaker", "speaker": "speaker",
    "비상벨": "bell", "bell": "bell",
}  # fmt: skip
KIND_NAMES: Final[dict[Kind, str]] = {
    "pole": "폴", "camera": "카메라", "box": "함체", "disk": "디스크", "light": "조명",
    "board": "전광판", "sign": "안내판", "siren": "사이렌", "speaker": "스피커", "bell": "비상벨",
}  # fmt: skip
UNIT_KINDS: Final = frozenset({"light", "sign", "siren", "speaker", "bell"})
"""What a box may switch or ask: a facility of its agent.yaml."""

Type = Literal["text", "name", "date", "latitude", "longitude"]


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its heading in tables that we write, others that are understood, its type."""

    name: str
    heading: str
    also: tuple[str, ...] = ()
    type: Type = "text"
    longest: int = 120


FIELDS: Final[tuple[Field, ...]] = (
    Field("title", "명칭", ("이름", "자산명", "카메라명")),
    Field("parent", "설치위치번호", ("상위자산", "소속폴", "폴번호"), longest=40),
    Field("device", "장비이름", ("장비명",), type="name"),
    Field("camera", "카메라이름", ("채널", "채널명"), type="name"),
    Field("unit", "설비이름", ("전광판이름", "설비명"), type="name"),
    Field("maker", "제조사", ("제조업체",)),
    Field("model", "모델", ("모델명", "규격")),
    Field("serial", "일련번호", ("시리얼", "제조번호", "s/n", "sn")),
    Field("firmware", "펌웨어", ("펌웨어버전",)),
    Field("installed", "설치일", ("설치일자", "설치년월일", "취득일", "도입일"), type="date"),
    Field("warranty", "보증만료일", ("보증기간", "하자만료일", "하자보수만료일"), type="date"),
    Field("retired", "철거일", ("폐기일", "철거일자"), type="date"),
    Field("purpose", "설치목적", ("목적", "용도")),
    Field("view", "촬영방향", ("촬영범위", "감시방향")),
    Field("department", "관리부서", ("부서", "담당부서")),
    Field("network", "통신", ("회선", "통신방식", "통신망")),
    Field("address", "주소", ("설치장소", "소재지", "설치주소"), longest=200),
    Field("lat", "위도", type="latitude"),
    Field("lon", "경도", type="longitude"),
    Field("note", "비고", ("메모",), longest=500),
)
FIELD_NAMES: Final = tuple(one.name for one in FIELDS)
TAG: Final = ("tag", "관리번호", "자산번호", "물품번호")
KIND: Final = ("kind", "종류", "구분", "자산구분", "자산종류")
