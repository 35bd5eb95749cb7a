"""Clients that create jobs at a bounded rate, and do not let go before a job is accepted."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

#: What a client meets while the process that it talks to is killed or restarted.
_AWAY = (httpx.TransportError, httpx.TimeoutException)


@dataclass
class Clients:
    """``accepted`` holds the payload of each job that the service has said to have created, by its id."""

    addresses: list[str]
    chance: random.Random
    accepted: dict[str, dict[str, Any]] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)

    async def sign_in(self) -> None:
        """Create the admin, and sign in."""
        self._http = httpx.AsyncClient(timeout=5)
        who = {"name": "crash", "password": "correct horse battery"}
        await self._until(201, "POST", "/setup", json=who)
        token = await self._until(200, "POST", "/auth/login", json=who)
        self._http.headers["Authorization"] = f"Bearer {token['access_token']}"

    async def close(self) -> None:
        """Let go of all connections."""
        await self._http.aclose()

    async def _until(self, wanted: int, method: str, path: str, **options: Any) -> Any:
        """Send until the answer is the wanted one; another that is no excuse of the service is an error."""
        while True:
            try:
                answer = await self._http.request(
                    method, f"{self.chance.choice(self.addresses)}/api/v1{path}", **options
                )
            except _AWAY:
                self.done["requests repeated"] += 1
                await asyncio.sleep(0.1)
                continue
            if answer.status_code == wanted or (wanted == 201 and answer.status_code == 200):
                return answer.json()
            if path == "/setup" and answer.status_code == 409:
                return {}  # the answer to the first request was lost
            if answer.status_code != 503:
                raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text}")
            await asyncio.sleep(0.1)

    async def create(self, number: int) -> None:
        """Create a job, whatever it takes; the key makes sure that it is one."""
        items = self.chance.randint(1, 12)
        payload: dict[str, Any] = {"items": items}
        if self.chance.random() < 0.2:
            payload["stumble_at"] = self.chance.randrange(items)
        if self.chance.random() < 0.1:
            payload["fail_at"] = self.chance.randrange(items)
        body = {"type": "ledger", "data": payload, "priority": self.chance.choice((10, 50, 90))}
        job = await self._until(201, "POST", "/jobs", json=body, headers={"Idempotency-Key": f"job-{number}"})
        self.accepted[job["id"]] = payload
        if self.chance.random() < 0.15:
            await self._interfere(job["id"])

    async def _interfere(self, job_id: str) -> None:
        """Pause or cancel a job, once; what the service says to it is its own business."""
        action = self.chance.choice(("pause", "cancel"))
        await asyncio.sleep(self.chance.uniform(0, 0.2))
        await self._act(job_id, action)

    async def _act(self, job_id: str, action: str) -> None:
        try:
            answer = await self._http.post(
                f"{self.chance.choice(self.addresses)}/api/v1/jobs/{job_id}/control", json={"action": action}
            )
        except _AWAY:
            return
        if answer.status_code not in (200, 409, 503):
            raise AssertionError(f"{action}: {answer.status_code} {answer.text}")
        self.done[action] += answer.status_code == 200

    async def press(self, *, rate: float, going_on: Callable[[], bool]) -> None:
        """Create ``rate`` jobs a second as long as ``going_on`` says so."""
        number = 0
        async with asyncio.TaskGroup() as group:
            while going_on():
                number += 1
                group.create_task(self.create(number))
                await asyncio.sleep(1 / rate)

    async def resume(self, jobs: list[UUID]) -> None:
        """Let paused jobs go on."""
        for job_id in jobs:
            await self._act(str(job_id), "resume")
