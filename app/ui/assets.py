"""The files that pages load: style sheet, scripts, icon. Their addresses hold their digests, so browsers keep them."""

import hashlib
from pathlib import Path
from types import MappingProxyType

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

#: Where they are below the address of the Jobs page.
PATH = "/assets"
FOLDER = Path(__file__).parent / "static"

_KEPT = {"Cache-Control": "public, max-age=31536000, immutable"}
_DIGEST_LENGTH = 12


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:_DIGEST_LENGTH]


class Assets(StaticFiles):
    """Serves the files of a folder under ``<digest>/<name>``; under any other digest there is nothing."""

    def __init__(self, folder: Path = FOLDER) -> None:
        super().__init__(directory=folder)
        #: Path of each file below the address of the Jobs page, by name.
        self.paths = MappingProxyType(
            {file.name: f"{PATH}/{_digest(file)}/{file.name}" for file in sorted(folder.iterdir())}
        )

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file, to be kept for ever."""
        name = path.rpartition("/")[2]
        if self.paths.get(name) != f"{PATH}/{path}":
            raise HTTPException(404)
        response = await super().get_response(name, scope)
        response.headers.update(_KEPT)
        return response
