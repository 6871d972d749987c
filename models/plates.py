"""What can stand at each place of a Korean plate, and how places become a text and back.

Nine kinds of plate share eleven places: a plate leaves those blank that it has no use for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_REGION_WORDS: Final = (
    "서울 부산 대구 인천 광주 대전 울산 세종 경기 강원 충북 충남 전북 전남 경북 경남 제주"
)
_DIPLOMATIC_WORDS: Final = "외교 영사 준외 준영 국기 협정 대표"
_DISTRICT_WORDS: Final = """
중구 동구 서구 남구 북구 종로 용산 성동 광진 동대문 중랑 성북 강북 도봉 노원 은평 서대문 마포 양천
강서 구로 금천 영등포 동작 관악 서초 강남 송파 강동 영도 부산진 동래 해운대 사하 금정 연제 수영 사상
기장 수성 달서 달성 미추홀 연수 남동 부평 계양 강화 옹진 광산 유성 대덕 울주 수원 성남 의정부 안양
부천 광명 평택 동두천 안산 고양 과천 구리 남양주 오산 시흥 군포 의왕 하남 용인 파주 이천 안성 김포
화성 광주 양주 포천 여주 연천 가평 양평 춘천 원주 강릉 동해 태백 속초 삼척 홍천 횡성 영월 평창 정선
철원 화천 양구 인제 고성 양양 청주 충주 제천 보은 옥천 영동 증평 진천 괴산 음성 단양 천안 공주 보령
아산 서산 논산 계룡 당진 금산 부여 서천 청양 홍성 예산 태안 전주 군산 익산 정읍 남원 김제 완주 진안
무주 장수 임실 순창 고창 부안 목포 여수 순천 나주 광양 담양 곡성 구례 고흥 보성 화순 장흥 강진 해남
영암 무안 함평 영광 장성 완도 진도 신안 포항 경주 김천 안동 구미 영주 영천 상주 문경 경산 군위 의성
청송 영양 영덕 청도 고령 성주 칠곡 예천 봉화 울진 울릉 창원 진주 통영 사천 김해 밀양 거제 양산 의령
함안 창녕 남해 하동 산청 함양 거창 합천 제주 서귀포
"""

REGIONS: Final = tuple(_REGION_WORDS.split())
DIPLOMATIC: Final = tuple(_DIPLOMATIC_WORDS.split())
DISTRICTS: Final = tuple(dict.fromkeys(_DISTRICT_WORDS.split()))
"""Old motorcycle plates name the district after the region; read as one word."""

PRIVATE: Final = tuple("가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주")
COMMERCIAL: Final = tuple("바사아자배")
RENTAL: Final = tuple("하허호")
MILITARY: Final = tuple("국합육해공")
TEMPORARY: Final = "임"
_INITIALS: Final = (0, 2, 3, 5, 6, 7, 9, 11, 12, 14, 15, 16, 17, 18)
_VOWELS: Final = (0, 4, 8, 13, 18, 20)
OLD: Final = tuple(
    chr(0xAC00 + 588 * initial + 28 * vowel) for vowel in _VOWELS for initial in _INITIALS
)
"""Every letter that regional plates used: fourteen consonants by six vowels (가거고구그기 …)."""

LETTERS: Final = tuple(dict.fromkeys((*PRIVATE, *COMMERCIAL, *RENTAL, *MILITARY, *OLD, TEMPORARY)))
DIGITS: Final = tuple("0123456789")

BLANK: Final = ""
UNREADABLE: Final = "?"

_DIGIT: Final = (BLANK, *DIGITS, UNREADABLE)
PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "region": (BLANK, *REGIONS, *DIPLOMATIC, UNREADABLE),
    "district": (BLANK, *DISTRICTS, UNREADABLE),
    "prefix1": _DIGIT,
    "prefix2": _DIGIT,
    "prefix3": _DIGIT,
    "letter": (BLANK, *LETTERS, UNREADABLE),
    "middle": _DIGIT,
    "serial1": _DIGIT,
    "serial2": _DIGIT,
    "serial3": _DIGIT,
    "serial4": _DIGIT,
}
"""Each place and what may stand there, in the order of the network's outputs."""

TYPES: Final = (
    "p8",
    "p7",
    "comm",
    "old",
    "dipl",
    "mil",
    "cons",
    "moto",
    "temp",
    "foreign",
    "none",
)
COLOURS: Final = (
    "white",
    "yellow",
    "blue",
    "lightgreen",
    "green",
    "navy",
    "orange",
    "black",
    "unknown",
)


HEADS: Final[Mapping[str, tuple[str, ...]]] = {**PLACES, "type": TYPES, "colour": COLOURS}
"""The plate reader's outputs in their order, and what each can say."""


def text_of(places: Mapping[str, str]) -> str:
    """The text of a plate whose places read so; a diplomatic plate gets its hyphen."""
    word = places.get("region", BLANK)
    front = "".join(places.get(place, BLANK) for place in list(PLACES)[:7])
    back = "".join(places.get(f"serial{number}", BLANK) for number in range(1, 5))
    hyphen = "-" if word in DIPLOMATIC and front != word and back else ""
    return front + hyphen + back
