"""Webhooks against a real receiver on this machine: signed, retried, logged, and only where they may go."""

import asyncio
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import h11
import pytest
from sqlalchemy import select, update
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from app.database.tables import webhook_deliveries
from app.jobs.clock import Clock
from app.jobs.creation import NewJob
from app.jobs.model import Caller
from app.jobs.states import Event
from app.webhooks import addresses
from app.webhooks.addresses import is_public
from app.webhooks.courier import Courier
from app.webhooks.model import DELIVERY_POLICY, OLD_SECRET_HOURS, DeliveryState, MessageField, WebhookEvent, new_secret
from app.webhooks.store import WebhookStore
from app.workers.retention import Retention
from tests.workers.samples import counting_registry

pytestmark = pytest.mark.anyio

TEST = Caller.system("test")


@pytest.fixture
async def services(open_process):
    async with open_process(counting_registry(), workers=False) as services:
        yield services


class Receiver:
    """A small HTTP server that keeps what it gets, and answers what it is told to, or nothing."""

    def __init__(self):
        self.got, self.status = [], 204

    async def serve(self, reader, writer):
        connection, body, request = h11.Connection(h11.SERVER), b"", None
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(65536))
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += event.data
            else:
                break
        if request and self.status:
            headers = {name.decode(): value.decode() for name, value in request.headers}
            self.got.append((request.target.decode(), headers, bytes(body)))
            where = [("Location", "http://127.0.0.1:9/elsewhere"), ("Content-Length", "0"), ("Connection", "close")]
            writer.write(connection.send(h11.Response(status_code=self.status, headers=where)))
        writer.close()


@asynccontextmanager
async def receiving():
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    async with server:
        yield receiver


async def subscribe(store, url, **values):
    defaults = {"events": [event.value for event in WebhookEvent], "job_type": None, "secret": new_secret()}
    return await store.add({"url": url, **defaults, **values})


async def cancelled(services, type="count"):
    job = await services.store.create(NewJob(type, {}, {}, 50, 3, None), caller=TEST)
    await services.store.control(job.id, Event.CANCEL, caller=TEST, reason=None)
    return job


async def test_an_end_of_a_job_is_delivered_once_signed_and_only_to_who_asked_for_it(services):
    """VR-3: the message is written with the end of the job, and a receiver can tell that it is ours."""
    store = WebhookStore(services.database.engine)
    async with receiving() as receiver:
        webhook = await subscribe(store, receiver.url)
        for values in ({"events": ["job.failed"]}, {"job_type": "other"}, {"enabled": False}):
            await subscribe(store, receiver.url, **values)
        job = await cancelled(services)
        couriers = [Courier(WebhookStore(services.database.engine), private=True) for _ in range(3)]
        await asyncio.gather(*(courier.look() for courier in couriers))
        ((path, headers, body),) = receiver.got
    told = Verifier(webhook.secret).verify(body, headers)
    assert (path, told["type"], told["data"]["job_id"]) == ("/hook", "job.cancelled", str(job.id))
    assert (told["data"]["type"], told["data"]["status"]) == ("count", "cancelled")
    (delivery,) = await store.deliveries(webhook.id, limit=10)
    assert (str(delivery.id), delivery.state) == (headers["webhook-id"], DeliveryState.DELIVERED)
    assert (delivery.attempts, delivery.status_code, delivery.next_attempt_at) == (1, 204, None)


async def test_a_message_says_of_the_job_what_the_table_lists_and_no_more(services):
    store = WebhookStore(services.database.engine)
    async with receiving() as receiver:
        webhook = await subscribe(store, receiver.url)
        created = await services.store.create(NewJob("count", {"secret": "payload"}, {}, 50, 3, None), caller=TEST)
        claimed = await services.store.claim(created.id, created.run, worker_id="w", lease=timedelta(minutes=1))
        failed = await services.store.settle(claimed.lease, Event.FAIL, error={"message": "private"})
        await Courier(store, private=True).look()
        ((_, headers, body),) = receiver.got
    told = Verifier(webhook.secret).verify(body, headers)
    data = {**told["data"], **{at: datetime.fromisoformat(told["data"][at]) for at in ("created_at", "completed_at")}}
    assert data == {
        "job_id": str(created.id),
        "type": "count",
        "status": "failed",
        "run": failed.run,
        "created_by": None,
        "created_at": failed.created_at,
        "completed_at": failed.completed_at,
    }
    assert datetime.fromisoformat(told["timestamp"]) == failed.completed_at
    assert sorted(data) == sorted(MessageField)


@pytest.mark.parametrize("status", [None, 302, 400, 404, 410, 429, 500, 503])
async def test_any_answer_but_success_is_sent_again(services, status):
    store = WebhookStore(services.database.engine)
    async with receiving() as receiver:
        receiver.status = status
        webhook = await subscribe(store, receiver.url)
        await cancelled(services)
        await Courier(store, private=True).look()
    (delivery,) = await store.deliveries(webhook.id, limit=10)
    assert (delivery.state, delivery.status_code) == (DeliveryState.WAITING, status)
    assert delivery.next_attempt_at is not None


async def test_a_receiver_that_fails_is_asked_again_until_the_attempts_are_used_up_and_then_by_hand(services):
    """VR-3: retries wait longer and longer, keep id and text, end, and can be begun anew."""
    engine = services.database.engine
    store = WebhookStore(engine)
    async with receiving() as receiver:
        receiver.status = 302  # redirects are not followed, so they are failures as well
        webhook = await subscribe(store, receiver.url)
        await cancelled(services)
        ahead = timedelta()
        for attempt in range(1, DELIVERY_POLICY.max_retries + 2):
            await Courier(WebhookStore(engine, Clock(offset=ahead)), private=True, chance=lambda: 0.0).look()
            (delivery,) = await store.deliveries(webhook.id, limit=10)
            assert (delivery.attempts, delivery.status_code, len(receiver.got)) == (attempt, 302, attempt)
            ahead += DELIVERY_POLICY.delay(attempt, 0.0) + timedelta(seconds=1)
        assert (delivery.state, delivery.next_attempt_at) == (DeliveryState.GIVEN_UP, None)
        receiver.status = 200
        assert (await store.again(webhook.id, delivery.id)).state is DeliveryState.WAITING
        await Courier(store, private=True).look()
        assert (await store.deliveries(webhook.id, limit=10))[0].state is DeliveryState.DELIVERED
    ids = {headers["webhook-id"] for _, headers, _ in receiver.got}
    assert (len(ids), len({body for _, _, body in receiver.got})) == (1, 1)


async def test_a_new_secret_and_the_one_before_sign_for_a_while(services):
    """VR-3: receivers change their secret in peace; who has the old one is out afterwards."""
    engine = services.database.engine
    store = WebhookStore(engine)
    first, second, third = (new_secret() for _ in range(3))
    grace = timedelta(hours=OLD_SECRET_HOURS)
    async with receiving() as receiver:
        webhook = await subscribe(store, receiver.url, secret=first)
        await store.rotate(webhook.id, second)
        for secret, ahead, good in (
            (second, grace * 0.9, {first, second}),
            (third, grace * 0.9, {second, third}),
            (None, grace * 1.1, {third}),
        ):
            if secret == third:
                await store.rotate(webhook.id, third)
            await cancelled(services)
            await Courier(WebhookStore(engine, Clock(offset=ahead)), private=True).look()
            _, headers, body = receiver.got.pop()
            assert {one for one in (first, second, third) if verifies(one, body, headers)} == good


def verifies(secret, body, headers):
    try:
        Verifier(secret).verify(body, headers)
    except WebhookVerificationError:
        return False
    return True


async def test_messages_are_removed_after_their_retention_but_none_that_waits(services, settings):
    """VR-2: the log of deliveries does not grow for ever, when the settings say so."""
    engine = services.database.engine
    store = WebhookStore(engine)
    webhook = await subscribe(store, "http://127.0.0.1:9/")
    for state in DeliveryState:
        await cancelled(services)
        done = {} if state is DeliveryState.WAITING else {"next_attempt_at": None}
        newest = select(webhook_deliveries.c.id).order_by(webhook_deliveries.c.created_at.desc()).limit(1)
        change = update(webhook_deliveries).where(webhook_deliveries.c.id.in_(newest.scalar_subquery()))
        async with engine.begin() as connection:
            await connection.execute(change.values(state=state.value, **done))
    chosen = settings.model_copy(update={"retention_deliveries_days": 7})
    for days, left in ((6, 3), (8, 1)):
        later = WebhookStore(engine, Clock(offset=timedelta(days=days)))
        retention = Retention(engine, services.clearing, later, chosen)
        assert retention.wanted
        await retention.look()
        assert len(await store.deliveries(webhook.id, limit=10)) == left
    assert (await store.deliveries(webhook.id, limit=10))[0].state is DeliveryState.WAITING


async def test_no_request_goes_to_a_private_address_whatever_its_name_says(services, monkeypatch):
    """VR-3: every address of a name is checked, and the one that was checked is connected to."""
    store = WebhookStore(services.database.engine)
    asked = []

    async def rebinding(host, port):
        # Public when it is looked at, private when it is connected to: who looks twice is lost.
        asked.append(host)
        return ["192.0.2.1"] if host != "localhost" else ["93.184.215.14", "127.0.0.1"]

    async with receiving() as receiver:
        webhook = await subscribe(store, receiver.url.replace("127.0.0.1", "localhost"))
        await cancelled(services)
        monkeypatch.setattr(addresses, "resolve", rebinding)
        await Courier(store, private=False).look()
        assert receiver.got == []
    (delivery,) = await store.deliveries(webhook.id, limit=10)
    assert asked == ["localhost"]
    assert "localhost leads to 127.0.0.1, which is not public" in delivery.error


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True), ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False), ("10.1.2.3", False), ("172.16.0.1", False), ("192.168.0.1", False),
        ("169.254.169.254", False), ("100.64.0.1", False), ("0.0.0.0", False), ("224.0.0.1", False),
        ("255.255.255.255", False), ("::", False), ("::1", False), ("fe80::1%eth0", False), ("fd00::1", False),
        ("fec0::1", False), ("ff02::1", False), ("::ffff:127.0.0.1", False), ("::127.0.0.1", False),
        ("64:ff9b::7f00:1", False), ("2002:7f00:1::", False),
    ],
)  # fmt: skip
def test_which_addresses_are_public(address, public):
    """VR-3: private, local, shared and reserved ranges are refused, also inside IPv6."""
    assert is_public(address) is public
