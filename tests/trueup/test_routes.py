"""The route table: what the OpenAPI document hides, and a document that cannot be made."""

from pathlib import Path

import pytest
from fastapi import FastAPI, WebSocket
from starlette.staticfiles import StaticFiles
from trueup.collect.routes import collect, document
from trueup.errors import TrueupError
from trueup.locate import Locator


def broken() -> dict:
    raise KeyError("lost")


def test_a_document_that_cannot_be_made_is_one_clear_error():
    app = FastAPI()
    app.openapi = broken
    with pytest.raises(TrueupError, match=r"tool\.trueup\.app: openapi\(\) failed: KeyError: 'lost'"):
        document(app)


def test_sockets_mounts_and_the_routes_of_a_mounted_application_are_facts(tmp_path):
    app, inner = FastAPI(), FastAPI()

    @app.websocket("/feed/{name}")
    async def feed(socket: WebSocket) -> None:
        """Tell what happens.

        For ever.
        """

    @inner.get("/rooms/{number:int}")
    def rooms(number: int) -> None:
        """Show a room."""

    app.mount("/inner", inner)
    app.mount("/files", StaticFiles(directory=tmp_path))
    found = {fact.key: fact for fact in collect(app, Locator(Path(__file__).parents[2]))}
    assert {key for key, fact in found.items() if not fact.attributes.get("framework")} == {
        "WEBSOCKET /feed/{name}",
        "GET /inner/rooms/{number}",
        "MOUNT /files",
    }
    assert found["GET /docs"].attributes["framework"]
    assert found["GET /inner/openapi.json"].attributes["framework"]
    assert found["WEBSOCKET /feed/{name}"].attributes["summary"] == "Tell what happens."
    assert found["WEBSOCKET /feed/{name}"].line
    assert found["MOUNT /files"].place == ""
