"""An application whose OpenAPI document cannot be made is one clear error that names the line at fault."""

import pytest
from fastapi import FastAPI
from trueup.collect.routes import document
from trueup.errors import TrueupError


def broken() -> dict:
    raise KeyError("lost")


def test_a_document_that_cannot_be_made_names_the_line():
    app = FastAPI()
    app.openapi = broken
    with pytest.raises(TrueupError, match=r"openapi\(\) failed: KeyError: 'lost' \(tests/trueup/test_routes\.py:\d+\)"):
        document(app)
