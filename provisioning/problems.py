"""What the technician is told when something cannot be done: a code, what it is about, a remedy."""

from __future__ import annotations

from provisioning.words import language
from wire.codes import Fault, fault


class ProvisionError(Exception):
    """`code` is one of wire.codes; `detail` names the thing: a path, a size, a row."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    @property
    def fault(self) -> Fault:
        return fault(self.code)

    @property
    def remedy(self) -> str:
        """What to do, in the language of this run."""
        return self.fault.remedy_ko if language() == "ko" else self.fault.remedy_en

    def __str__(self) -> str:
        title = self.fault.title_ko if language() == "ko" else self.fault.title_en
        return f"{self.fault.number} {title}: {self.detail}. {self.remedy}"

    def as_json(self) -> dict[str, object]:
        """For `--json`; both languages, because the reader may be neither here nor now."""
        known = self.fault
        return {
            "code": self.code,
            "number": known.number,
            "detail": self.detail,
            "title_en": known.title_en,
            "title_ko": known.title_ko,
            "remedy_en": known.remedy_en,
            "remedy_ko": known.remedy_ko,
        }
