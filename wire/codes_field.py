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
    (
        "image.no-root", "PW-273",
        "리눅스 루트 파티션이 없음", "There is no Linux root partition in it",
        "ext4 루트 파티션이 있는 데비안 또는 라즈베리 파이 OS 이미지를 쓰십시오", "Use an image of Debian or Raspberry Pi OS whose root is a plain ext4 partition",
    ),
    (
        "image.too-small", "PW-274",
        "이미지가 작아 에이전트가 들어가지 않음", "The image is too small for the agent",
        "더 큰 --size를 지정하거나, 루트가 마지막 파티션인 이미지를 쓰십시오", "Give a larger --size, or use an image whose root is the last partition",
    ),
    (
        "image.architecture", "PW-275",
        "지원하지 않는 기계용 이미지", "The image is for another kind of machine",
        "amd64 또는 arm64 이미지와 그에 맞는 휠 폴더를 쓰십시오", "Use an image for amd64 or arm64, with the wheels made for it",
    ),
    (
        "image.no-room", "PW-276",
        "이 컴퓨터의 디스크 공간 부족", "This computer's disk has no room for it",
        "공간을 비우거나 --out을 다른 디스크로 지정하십시오", "Free space, or let --out name another disk",
    ),
    (
        "image.base", "PW-277",
        "기본 이미지에 필요한 것이 없음", "The base image lacks what a box needs",
        "알려 준 패키지가 든 원본 이미지를 쓰십시오", "Use an untouched base image with the packages that are named",
    ),
    (
        "image.wheels", "PW-278",
        "휠 폴더가 온전하지 않음", "The wheels are incomplete or altered",
        "'polewatch provision wheels'로 이 이미지의 파이썬과 기계에 맞게 다시 받으십시오", "Fetch them anew by 'polewatch provision wheels' for this image's Python and machine",
    ),
    (
        "image.tool", "PW-279",
        "필요한 프로그램이 없거나 실패함", "A program that is needed is missing or failed",
        "알려 준 패키지를 설치하십시오", "Install the package that is named, or report what the program said",
    ),
    (
        "image.output", "PW-280",
        "여기에 쓸 수 없음", "It cannot be written there",
        "--out에 새 파일 이름을 지정하십시오", "Let --out name a new file in a folder that you may write",
    ),
    (
        "image.contents", "PW-281",
        "이미지에 넣을 것이 잘못됨", "What should go into the image is wrong",
        "알려 준 파일을 고치십시오", "Mend the file that is named",
    ),
    (
        "power.low", "PW-221",
        "전원 전압 부족", "The supply voltage is or was too low",
        "전원 어댑터와 배선을 교체하십시오", "Replace the power supply and check its wiring",
    ),
    (
        "power.battery", "PW-222",
        "상용 전원이 끊김", "The box runs on its battery",
        "상용 전원을 확인하십시오", "Check the mains supply",
    ),
    (
        "heat.high", "PW-223",
        "장비 온도가 너무 높음", "The box is too hot",
        "통풍구와 팬을 청소하고 직사광선을 막으십시오", "Clean vents and fan, keep direct sun off",
    ),
    (
        "disk.worn", "PW-224",
        "저장 장치 수명 또는 상태 이상", "The disk is worn out or reports errors",
        "저장 장치를 교체하십시오", "Replace the disk",
    ),
    (
        "ring.unreadable", "PW-225",
        "녹화한 내용을 다시 읽을 수 없음", "What was recorded does not read back",
        "저장 장치를 점검하고 교체하십시오", "Check the disk and replace it",
    ),
    (
        "detector.slow", "PW-303",
        "분석이 카메라를 따라가지 못함", "The detector cannot keep up with the cameras",
        "analysis_fps를 낮추거나 카메라를 줄이십시오", "Lower analysis_fps or take cameras off this box",
    ),
    (
        "decoder.slow", "PW-304",
        "영상 해독이 카메라를 따라가지 못함", "Decoding cannot keep up with the cameras",
        "보조 스트림(sub_url)을 쓰거나 해상도를 낮추십시오", "Use a substream (sub_url) or a smaller picture",
    ),
    (
        "dns.failed", "PW-404",
        "이름을 주소로 바꿀 수 없음", "A host name cannot be resolved",
        "DNS 서버 설정과 통신 회선을 확인하십시오", "Check the DNS server's setting and the uplink",
    ),
    (
        "topic.denied", "PW-405",
        "장비의 MQTT 주제 권한 없음", "The device may not read one of its topics",
        "중앙에서 브로커 설정을 다시 만드십시오", "Have the centre make the broker's configuration anew",
    ),
    (
        "receipt.missing", "PW-406",
        "수신 확인이 오지 않음", "The collector's receipts do not arrive",
        "중앙 수집기가 실행 중인지 확인하십시오. 기록은 보관됩니다", "Check that the collector runs; events are kept meanwhile",
    ),
    (
        "agent.stopped", "PW-505",
        "에이전트가 실행 중이 아님", "The agent is not running",
        "systemctl start polewatch-agent 후 다시 점검하십시오", "Run systemctl start polewatch-agent, then check again",
    ),
    (
        "whep.failed", "PW-821",
        "영상 세션이 열리지 않음", "A viewing session does not come about",
        "네트워크 주소와 방화벽(UDP)을 확인하십시오", "Check the box's network address and its firewall for UDP",
    ),
    (
        "turn.unreachable", "PW-822",
        "TURN 서버에 연결할 수 없음", "The TURN server cannot be reached",
        "주소와 방화벽을 확인하십시오", "Check its address and the firewall",
    ),
    (
        "turn.refused", "PW-823",
        "TURN 서버가 계정을 거부함", "The TURN server refuses the credentials",
        "중앙의 TURN 비밀값과 시각을 확인하십시오", "Check the centre's TURN secret and the clocks",
    ),
    (
        "box.unreachable", "PW-911",
        "장비에 접속할 수 없음", "The box cannot be reached by ssh",
        "주소, 계정, ssh 키를 확인하십시오", "Check address, user and ssh key",
    ),
    (
        "box.no-answer", "PW-912",
        "장비가 점검 결과를 보내지 않음", "The box gave no check results",
        "장비에 polewatch가 설치되어 있는지 확인하십시오", "Check that polewatch is installed on the box and up to date",
    ),
    (
        "check.blocked", "PW-996",
        "앞선 점검이 먼저 통과해야 함", "An earlier check must pass first",
        "앞선 점검의 문제를 해결한 뒤 다시 하십시오", "Mend what the earlier checks name, then check again",
    ),
    (
        "check.timeout", "PW-997",
        "점검 시간 초과", "A check took too long",
        "다시 시도하고, 반복되면 지원 자료를 보내 주십시오", "Try again; when it repeats send a support bundle",
    ),
    (
        "camera.long-gop", "PW-110",
        "키프레임 간격이 너무 김", "Keyframes are too far apart",
        "카메라의 GOP(I프레임 간격)를 1~2초로 설정하십시오", "Set the camera's GOP (I-frame interval) to one or two seconds",
    ),
    (
        "camera.no-sub", "PW-111",
        "H.264 보조 스트림이 없음", "There is no H.264 substream",
        "카메라에서 H.264 보조 스트림을 켜십시오", "Turn on a substream in H.264",
    ),
    (
        "camera.clock", "PW-112",
        "카메라 시각이 틀림", "The camera's clock is wrong",
        "카메라의 NTP와 시간대를 설정하십시오", "Set the camera's NTP server and time zone",
    ),
    (
        "camera.audio", "PW-113",
        "카메라가 음성을 보냄", "The camera sends sound",
        "카메라의 마이크를 끄십시오. 음성 녹음은 위법입니다", "Switch the microphone off; recording sound is against the law",
    ),
    (
        "camera.onvif", "PW-114",
        "ONVIF 응답 오류", "The camera's ONVIF answer cannot be used",
        "카메라에서 ONVIF를 켜고, 안 되면 RTSP 주소를 직접 쓰십시오", "Turn ONVIF on in the camera, or write its RTSP URL by hand",
    ),
    (
        "discover.nothing", "PW-115",
        "카메라를 찾지 못함", "No camera was found",
        "랜선과 전원을 확인하고 --host 로 주소를 직접 지정하십시오", "Check cable and power, or name addresses by --host",
    ),
    (
        "claim.invalid", "PW-531",
        "이 폴의 등록 코드가 아님", "The claim is not one of this pole",
        "이미지를 만든 곳에서 폴과 등록 코드를 확인하십시오", "Check pole and claim where the image was made",
    ),
    (
        "claim.used", "PW-532",
        "이미 사용된 등록 코드", "The claim was used before",
        "새 등록 코드를 받으십시오. 카드가 복제되지 않았는지 확인하십시오", "Get a new claim, and find out whether the card was copied",
    ),
    (
        "claim.expired", "PW-533",
        "등록 코드의 유효 기간이 지남", "The claim has expired",
        "새 등록 코드를 받으십시오", "Get a new claim",
    ),
    (
        "claim.revoked", "PW-534",
        "취소된 등록 코드", "The claim was revoked",
        "새 등록 코드를 받으십시오", "Get a new claim",
    ),
    (
        "issuer.foreign", "PW-536",
        "이 노트북이 등록할 수 없는 폴", "This laptop may not enrol that pole",
        "그 폴을 포함한 노트북 키를 받으십시오", "Get a laptop key that names the pole",
    ),
    (
        "issuer.expired", "PW-537",
        "노트북 키의 유효 기간이 지남", "The laptop's key is out of its term",
        "새 노트북 키를 받으십시오. 시각도 확인하십시오", "Get a new laptop key; check the clock too",
    ),
    (
        "issuer.twice", "PW-538",
        "같은 이름이 두 번 발급됨", "The name was issued twice",
        "두 장비 중 어느 것이 진짜인지 확인하고 다시 등록하십시오", "Find out which box is the right one and enrol it anew",
    ),
    (
        "issuer.invalid", "PW-539",
        "노트북 기록을 믿을 수 없음", "The laptop's journal cannot be believed",
        "노트북 키를 폐기하고 보안 담당자에게 알리십시오", "Revoke the laptop's key and tell who is responsible for security",
    ),
    (
        "issuer.lost", "PW-541",
        "분실 신고된 노트북", "The laptop was reported lost",
        "보안 담당자에게 알리고, 장비를 새 노트북 키로 다시 등록하십시오", "Tell who is responsible for security; enrol the boxes anew with another laptop key",
    ),
    (
        "authority.none", "PW-551",
        "인증 기관이 없는 폴더", "The folder holds no authority",
        "authority init 으로 만들거나 --folder 로 다른 폴더를 지정하십시오", "Make one by 'authority init', or name another folder by --folder",
    ),
    (
        "authority.there", "PW-552",
        "이미 인증 기관이 있는 폴더", "The folder already holds an authority",
        "다른 폴더를 지정하십시오", "Name another folder",
    ),
    (
        "authority.key", "PW-553",
        "발급 키를 쓸 수 없음", "The issuing key cannot be used",
        "백업에서 issuing 폴더를 되돌리십시오", "Restore the folder 'issuing' from its backup",
    ),
    (
        "name.invalid", "PW-554",
        "쓸 수 없는 이름", "It is no name",
        "a-z, 0-9, '-' 로 1자에서 32자까지 쓰고 'localhost'는 피하십시오", "Use 1 to 32 of a-z, 0-9 and '-', and not 'localhost'",
    ),
    (
        "name.taken", "PW-555",
        "이미 발급된 이름", "The name was issued before",
        "authority renew 로 연장하십시오. 취소된 이름은 다시 쓸 수 없으니 다른 이름을 쓰십시오", "'authority renew' extends it; after a revocation use another name, because brokers know their clients by name",
    ),
    (
        "name.unknown", "PW-556",
        "발급된 적 없는 이름", "The name was never issued",
        "authority list 로 이름을 확인하십시오", "See the names by 'authority list'",
    ),
    (
        "name.revoked", "PW-557",
        "취소된 이름", "The name is revoked",
        "다른 이름으로 발급하십시오", "Issue another name",
    ),
    (
        "laptop.invalid", "PW-558",
        "노트북 키를 만들 수 없음", "No laptop's key can be made of that",
        "알려 준 것을 고친 뒤 다시 하십시오", "Mend what is named, then do it again",
    ),
    (
        "certificate.invalid", "PW-546",
        "쓸 수 없는 인증서", "The certificate cannot be used",
        "인증 기관에서 그 장비의 인증서를 갱신하십시오(authority renew)", "Have the authority renew the device's certificate (authority renew)",
    ),
    (
        "certificate.foreign", "PW-547",
        "다른 장비의 인증서", "The certificate is another device's",
        "중앙의 등록부를 확인하십시오", "Check the centre's register",
    ),
    (
        "certificate.older", "PW-548",
        "가진 것보다 먼저 끝나는 인증서", "The certificate ends sooner than the one at hand",
        "인증 기관에서 그 장비의 인증서를 갱신하십시오(authority renew)", "Have the authority renew the device's certificate (authority renew)",
    ),
    (
        "desk.not-ready", "PW-542",
        "등록 창구가 이 폴을 아직 준비하지 못함", "The enrolment desk is not ready for this pole",
        "자동으로 다시 시도합니다. 반복되면 중앙에서 polewatch-keeper 를 확인하십시오", "It is tried again by itself; when it repeats check polewatch-keeper at the centre",
    ),
    (
        "desk.busy", "PW-543",
        "등록 요청이 너무 많음", "Too many requests for enrolment",
        "알려 준 시간만큼 기다린 뒤 다시 시도합니다", "It is tried again after the time that is named",
    ),
    (
        "desk.unreachable", "PW-544",
        "등록 창구에 연결할 수 없음", "The enrolment desk cannot be reached",
        "회선, 주소, 방화벽을 확인하십시오. 또는 노트북으로 등록하십시오", "Check uplink, address and firewall, or enrol by a laptop",
    ),
    (
        "desk.untrusted", "PW-545",
        "등록 창구의 인증서를 믿을 수 없음", "The enrolment desk's certificate is not trusted",
        "이미지의 ca.pem과 장비 시각을 확인하십시오", "Check the image's ca.pem and the box's clock",
    ),
    (
        "enrol.mismatch", "PW-540",
        "이 장비의 응답이 아님", "The answer is not for this box",
        "이 장비의 요청으로 다시 받으십시오", "Have it made again from this box's own request",
    ),
)  # fmt: skip
