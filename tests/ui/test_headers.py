"""What browsers are told to refuse on the pages."""

import pytest

from app.auth.permissions import Role

pytestmark = pytest.mark.anyio


async def test_the_policy_of_pages_allows_files_of_the_service_and_nothing_that_stands_in_a_page(people):
    person = await people.user(Role.VIEWER)
    for path in ("/jobs", "/no-such-page"):
        policy = (await person.get(path)).headers["content-security-policy"]
        sources = dict(directive.split(maxsplit=1) for directive in policy.split(";"))
        assert (sources["default-src"], sources["base-uri"]) == ("'none'", "'none'")
        assert (sources["script-src"], sources["style-src"], sources["form-action"]) == ("'self'", "'self'", "'self'")
