"""The networks of the box, shared by its cameras, and what watches one camera for its rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

from edge_agent.pipeline import Analysis, ReadsPlates
from edge_agent.plates.stage import NamedFinder
from edge_agent.rules.base import build_rules, wants_closer_look, wants_fire
from edge_agent.sight.attention import Attention
from edge_agent.sight.camera_sight import camera_sight, with_second_look
from edge_agent.sight.detector import Detector, ModelId
from edge_agent.sight.fire import FireNetwork, FireWatch
from edge_agent.sight.posture import Posture
from models.registry import Registry
from wire.camera_rules import CameraRules
from wire.event import ModelPart
from wire.health import SHORT_HASH, RunningModel


class Eyes:
    """The detector is loaded at once, other networks when the rules of a camera first ask."""

    def __init__(
        self,
        model: str,
        fine_model: str | None,
        time_zone: str,
        *,
        threads: int = 1,
        registry: Registry | None = None,
    ) -> None:
        """Models by their names in the manifest; schedules are meant in `time_zone`.

        Raises ModelError.
        """
        self._registry = registry or Registry.default()
        self._threads = threads
        self._site_zone = ZoneInfo(time_zone)
        detector = Detector(self._registry, model, threads=threads)
        self._model = detector.model
        self._models: dict[str, ModelId] = {}
        self._detector = with_second_look(detector, self._registry, fine_model, threads=threads)
        self._running: tuple[RunningModel, ...] = ()
        self._runs(self._model)
        if fine_model is not None:
            fine = self._registry.entry(fine_model)
            self._runs(ModelId(fine.name, fine.sha256))
        self._posture: Posture | None = None
        self._fire: FireNetwork | None = None

    def load(self, asked: Iterable[CameraRules]) -> None:
        """Have ready what rules ask for. Raises ModelError."""
        for rules in asked:
            if self._posture is None and wants_closer_look(rules):
                self._posture = Posture(self._registry, threads=self._threads)
                self._runs(self._posture.model)
            if self._fire is None and wants_fire(rules):
                self._fire = FireNetwork(self._registry, threads=self._threads)
                self._models |= dict.fromkeys(("fire", "smoke"), self._fire.model)
                self._runs(self._fire.model)

    def reads_plates(self, finder: NamedFinder) -> None:
        """Whose word the plates are."""
        self._models["plate"] = finder.model
        self._runs(finder.model, *finder.beside)

    def running(self) -> tuple[RunningModel, ...]:
        """Every network that is loaded; from any thread."""
        return self._running

    def watch(
        self,
        *asked: CameraRules,
        plates: ReadsPlates | None = None,
        attention: Attention | None = None,
    ) -> Analysis:
        """A camera that was not watched before, for all that is asked. Raises ModelError."""
        self.load(asked)
        return Analysis(
            *camera_sight(self._detector),
            [rule for rules in asked for rule in build_rules(rules, self._site_zone)],
            self._posture if any(map(wants_closer_look, asked)) else None,
            self._fire_watch(*asked),
            plates,
            attention,
        )

    def watch_for(
        self, analysis: Analysis, rules: CameraRules, plates: ReadsPlates | None
    ) -> Analysis:
        """The same camera for other rules; raises ModelError, and all is as it was."""
        self.load([rules])
        return analysis.asking(
            build_rules(rules, self._site_zone),
            self._posture if wants_closer_look(rules) else None,
            self._fire_watch(rules),
            plates,
            Attention(rules),
        )

    def model_of(self, kind: str, sha256: Callable[[], str]) -> ModelPart | None:
        """What stands behind findings of a type; None when no weights take part in them."""
        if kind == "tamper":
            return None
        model = self._models.get(kind, self._model)
        return ModelPart(name=model.name, sha256=model.sha256, config_sha256=sha256())

    def _fire_watch(self, *asked: CameraRules) -> FireWatch | None:
        if self._fire is None or not any(map(wants_fire, asked)):
            return None
        return FireWatch(self._fire)

    def _runs(self, *models: ModelId) -> None:
        more = (RunningModel(name=one.name, sha256=one.sha256[:SHORT_HASH]) for one in models)
        self._running += tuple(more)
