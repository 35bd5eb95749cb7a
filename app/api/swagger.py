"""The interactive reference: Swagger UI from a package, so that it works without internet."""

from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles

from app.api import documentation

#: Where it is.
PATH = "/docs"
#: Its package also patches applications, which we do not want: only its files are used, and it is not imported.
_PACKAGE = "fastapi_swagger"

# Swagger UI sets styles of its own, and shows icons as data.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'"
)

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" type="image/png" href="{root}/assets/favicon-32x32.png">
<link rel="stylesheet" href="{root}/assets/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<noscript>This page needs JavaScript; the API reference of the documentation does not.</noscript>
<script src="{root}/assets/swagger-ui-bundle.js"></script>
<script src="{root}/start.js" data-document="{document}"></script>
<script type="module" src="ui/dock.js"></script>
</body>
</html>
"""

_START = """const address = document.currentScript.dataset.document;
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();
window.ui = SwaggerUIBundle({
  url: address,
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayOperationId: true,
  persistAuthorization: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
"""


def install(app: FastAPI) -> None:
    """Serve the interactive reference of ``app``."""
    headers = {"Content-Security-Policy": _POLICY}

    async def page() -> HTMLResponse:
        text = _PAGE.format(title=documentation.TITLE, root=PATH, document=app.openapi_url)
        return HTMLResponse(text, headers=headers)

    async def start() -> Response:
        return Response(_START, media_type="text/javascript")

    app.add_api_route(PATH, page, include_in_schema=False)
    app.add_api_route(f"{PATH}/start.js", start, include_in_schema=False)
    app.mount(f"{PATH}/assets", StaticFiles(directory=_assets()), name="swagger-ui")


def _assets() -> Path:
    package = find_spec(_PACKAGE)
    if package is None or package.origin is None:
        raise RuntimeError(f"the package {_PACKAGE.replace('_', '-')} is not installed; install the project again")
    return Path(package.origin).parent / "resources"
