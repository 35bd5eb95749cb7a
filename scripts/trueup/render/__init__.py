"""Views: the ways in which a fact block may show facts."""

from collections.abc import Mapping
from types import MappingProxyType

from trueup.render.commands import Commands
from trueup.render.diagram import Diagram
from trueup.render.listing import Definitions, Listing
from trueup.render.matrix import Matrix
from trueup.render.operations import Operations
from trueup.render.schemas import Schemas
from trueup.render.sequence import Sequence
from trueup.render.settings import Settings
from trueup.render.table import Table
from trueup.render.view import View

VIEWS: Mapping[str, View] = MappingProxyType(
    {
        "table": Table(),
        "list": Listing(),
        "definition": Definitions(),
        "settings": Settings(),
        "commands": Commands(),
        "operations": Operations(),
        "schemas": Schemas(),
        "diagram": Diagram(),
        "matrix": Matrix(),
        "sequence": Sequence(),
    }
)
"""Every view, by the name that a page writes after `/// facts |`."""
