"""Where the Jobs page is."""

from fastapi import Request

#: Below the address of the service.
PATH = "/ui"


def service_address(request: Request) -> str:
    """Return the path of the service: empty, unless a proxy serves it below one."""
    return str(request.scope.get("app_root_path", ""))


def ui_address(request: Request) -> str:
    """Return the path of the Jobs page."""
    return f"{service_address(request)}{PATH}"
