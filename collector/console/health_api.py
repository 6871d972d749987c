"""The health page's own question: how boxes, cameras and the centre are."""

from __future__ import annotations

import shutil
from collections import defaultdict
from typing import Any

from fastapi import APIRouter, Request, Response

from collector.access import declares
from collector.console import health_view, view
from collector.console.headers import ConsoleRoute
from collector.console.reach import sees_every_camera
from collector.problems import ProblemError
from collector.services.facilities import facilities_of
from collector.services_for_console import ConsoleServices
from collector.store.rows import CameraRow

MB = 1024 * 1024


def build_health_api(services: ConsoleServices) -> APIRouter:
    """`/api/health`, for those whose trade cameras and boxes are."""
    router = APIRouter(route_class=ConsoleRoute)
    reader, settings = services.reader, services.settings

    @router.get("/api/health", dependencies=[declares(scope="assets:read")])
    def health(request: Request) -> Any:
        """Boxes with their figures, cameras that are not up, causes with remedies, the centre."""
        person = services.person_of(request)
        if person is None:
            raise ProblemError("auth.required")
        if not sees_every_camera(person):
            raise ProblemError("auth.forbidden", "health is for the centre and for technicians")
        now, ends = services.clock.now(), services.certificate_ends()
        cameras, rows, counts = reader.cameras(), reader.devices(), reader.summary()
        of_device: defaultdict[str, list[CameraRow]] = defaultdict(list)
        for one in cameras:
            of_device[one.device].append(one)
        devices = [
            health_view.device(one, of_device[one.device], ends.get(one.device), now)
            for one in rows
        ]
        disk = shutil.disk_usage(settings.data)
        sessions = services.broker_sessions()
        found = {
            "devices": devices,
            "cameras": health_view.ill(cameras),
            "causes": health_view.causes(devices, cameras),
            "facilities": [one.model_dump(mode="json") for one in facilities_of(rows)],
            "centre": {
                "broker": all(sessions.values()),
                "sessions_lost": [name for name, up in sessions.items() if not up],
                "devices_online": counts.devices_online,
                "cameras": len(cameras),
                "cameras_up": counts.cameras_up,
                "deliveries": [health_view.delivery(one) for one in reader.delivery_health()],
                "certificates": health_view.certificates(ends, of_device, now),
                "disk_free_mb": disk.free / MB,
                "disk_little": disk.free / MB < health_view.LITTLE_DISK_MB,
                "refused": counts.quarantined,
            },
        }
        return Response(view.compact(found), media_type="application/json")

    return router
