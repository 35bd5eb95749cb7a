"""An application whose OpenAPI document cannot be made is one clear error."""

import pytest
from fastapi import FastAPI
from trueup.collect.routes import document
from trueup.errors import TrueupError


def broken() -> dict:
    raise KeyError("lost")


def test_a_document_that_cannot_be_made_is_one_clear_error():
    app = FastAPI()
    app.openapi = broken
    with pytest.raises(TrueupError, match=r"tool\.trueup\.app: openapi\(\) failed: KeyError: 'lost'"):
        document(app)
