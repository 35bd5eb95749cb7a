"""Set-up, sign-in, tokens and users."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import jwt
import pytest
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import delete, update

from app.auth.passwords import MEMORY_KIB, PASSES
from app.auth.permissions import Role
from app.auth.tokens import AUDIENCE, ISSUER, Tokens
from app.database.tables import users
from app.problems import NotAuthenticated
from tests.api.conftest import assert_problem

pytestmark = pytest.mark.anyio
FIRST = {"name": "ada", "password": "correct horse battery"}
NOW = datetime.now(UTC)


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


async def test_the_first_admin_is_set_up_once_and_signs_in_whatever_the_case_of_the_name(client):
    """VR-4: the first admin comes by a one-time set-up."""
    created = await client.post("/api/v1/setup", json=FIRST)
    assert created.status_code == 201
    assert created.json()["role"] == "admin"
    assert "password" not in created.text
    assert_problem(await client.post("/api/v1/setup", json={**FIRST, "name": "eve"}), 409, "auth.already_set_up")

    signed_in = await client.post("/api/v1/auth/login", json={**FIRST, "name": "ADA"})
    assert signed_in.status_code == 200
    assert 3500 < signed_in.json()["expires_in"] <= 3600
    me = await client.get("/api/v1/auth/me", headers=bearer(signed_in.json()["access_token"]))
    assert me.json() == created.json()


async def test_of_set_ups_at_the_same_time_one_wins(client):
    answers = await asyncio.gather(
        *(client.post("/api/v1/setup", json={**FIRST, "name": f"admin{n}"}) for n in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]


async def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(client):
    await client.post("/api/v1/setup", json=FIRST)
    answers = [
        await client.post("/api/v1/auth/login", json={**FIRST, **wrong})
        for wrong in ({"name": "nobody"}, {"password": "something else"})
    ]
    problems = [assert_problem(answer, 401, "auth.invalid_credentials") for answer in answers]
    assert len({problem["detail"] for problem in problems}) == 1


async def test_who_guesses_has_to_wait(app, client, monkeypatch):
    """VR-4: over the API, with the own password, and on the Jobs page."""
    await client.post("/api/v1/setup", json=FIRST)
    token = (await client.post("/api/v1/auth/login", json=FIRST)).json()["access_token"]
    monkeypatch.setitem(app.state.accounts.attempts._most, "name", 1)
    wrong = {**FIRST, "password": "something else"}
    assert_problem(await client.post("/api/v1/auth/login", json=wrong), 401, "auth.invalid_credentials")
    answer = await client.post("/api/v1/auth/login", json=FIRST)
    problem = assert_problem(answer, 429, "auth.too_many_attempts")
    assert answer.headers["retry-after"] in problem["detail"]
    change = {"current_password": FIRST["password"], "new_password": "another long password"}
    answer = await client.post("/api/v1/auth/password", json=change, headers=bearer(token))
    assert_problem(answer, 429, "auth.too_many_attempts")
    answer = await client.post("/ui/sign-in", data=FIRST)
    assert answer.status_code == 429
    assert "Too many sign-ins have failed." in answer.text
    assert int(answer.headers["retry-after"]) > 0
    assert (await client.get("/api/v1/auth/me", headers=bearer(token))).status_code == 200, "tokens stay good"


async def test_a_wrong_name_costs_a_hash_as_a_wrong_password_does(client, monkeypatch):
    await client.post("/api/v1/setup", json=FIRST)
    verified = []

    def counted(self, secret, known, verify=Argon2Hasher.verify):
        verified.append(known)
        return verify(self, secret, known)

    monkeypatch.setattr(Argon2Hasher, "verify", counted)
    costs = []
    for wrong in ({"name": "nobody"}, {"password": "something else"}):
        verified.clear()
        answer = await client.post("/api/v1/auth/login", json={**FIRST, **wrong})
        assert_problem(answer, 401, "auth.invalid_credentials")
        assert all(str(known).startswith("$argon2") for known in verified)
        costs.append(len(verified))
    assert costs == [1, 1]


async def test_a_hash_of_another_cost_is_made_anew_at_the_next_sign_in(app, client):
    await client.post("/api/v1/setup", json=FIRST)
    token = (await client.post("/api/v1/auth/login", json=FIRST)).json()["access_token"]
    accounts = app.state.accounts
    before = await accounts.users.credentials(FIRST["name"])
    cheap = Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1).hash(FIRST["password"])
    await accounts.users.rehash(before, cheap)
    assert (await client.post("/api/v1/auth/login", json={**FIRST, "password": "something else"})).status_code == 401
    assert (await accounts.users.credentials(FIRST["name"])).password_hash == cheap
    for _ in range(2):
        assert (await client.post("/api/v1/auth/login", json=FIRST)).status_code == 200
    now = (await accounts.users.credentials(FIRST["name"])).password_hash
    assert f"m={MEMORY_KIB},t={PASSES},p=1" in now
    await accounts.users.rehash(before, cheap)
    assert (await accounts.users.credentials(FIRST["name"])).password_hash == now, "it was of another password"
    assert (await client.get("/api/v1/auth/me", headers=bearer(token))).status_code == 200, "tokens stay good"


async def test_a_disabled_user_may_neither_sign_in_nor_use_a_token(app, client):
    await client.post("/api/v1/setup", json=FIRST)
    token = (await client.post("/api/v1/auth/login", json=FIRST)).json()["access_token"]
    async with app.state.services.database.engine.begin() as connection:
        await connection.execute(update(users).values(disabled_at=NOW))
    assert_problem(await client.post("/api/v1/auth/login", json=FIRST), 401, "auth.invalid_credentials")
    assert_problem(await client.get("/api/v1/auth/me", headers=bearer(token)), 401, "auth.not_authenticated")


async def test_the_token_of_a_user_who_is_gone_is_void(app, client, callers):
    headers = await callers.headers(Role.VIEWER)
    async with app.state.services.database.engine.begin() as connection:
        await connection.execute(delete(users))
    assert_problem(await client.get("/api/v1/auth/me", headers=headers), 401, "auth.not_authenticated")


async def test_the_role_is_the_one_of_the_row_not_of_the_token(app, client, callers):
    headers = await callers.headers(Role.ADMIN)
    assert (await client.get("/api/v1/users", headers=headers)).status_code == 200
    async with app.state.services.database.engine.begin() as connection:
        await connection.execute(update(users).values(role="viewer"))
    assert_problem(await client.get("/api/v1/users", headers=headers), 403, "auth.forbidden")


def claims(user_id, **changes):
    return {
        "sub": str(user_id),
        "gen": 0,
        "iat": NOW,
        "exp": NOW + timedelta(hours=1),
        "iss": ISSUER,
        "aud": AUDIENCE,
        **changes,
    }


FORGERIES = {
    "expired": lambda user, key: jwt.encode(claims(user, exp=NOW - timedelta(seconds=1)), key, "HS256"),
    "signed with another key": lambda user, _: jwt.encode(claims(user), "x" * 32, "HS256"),
    "unsigned": lambda user, _: jwt.encode(claims(user), None, "none"),
    "another algorithm": lambda user, key: jwt.encode(claims(user), key * 2, "HS512"),
    "another issuer": lambda user, key: jwt.encode(claims(user, iss="eve"), key, "HS256"),
    "another audience": lambda user, key: jwt.encode(claims(user, aud="eve"), key, "HS256"),
    "without an end": lambda user, key: jwt.encode(
        {name: value for name, value in claims(user).items() if name != "exp"}, key, "HS256"
    ),
    "an end that is no number": lambda user, key: jwt.encode(claims(user) | {"exp": "soon"}, key, "HS256"),
    "of no generation": lambda user, key: jwt.encode(
        {name: value for name, value in claims(user).items() if name != "gen"}, key, "HS256"
    ),
    "a generation that is no number": lambda user, key: jwt.encode(claims(user, gen="last"), key, "HS256"),
    "a subject that is no id": lambda _, key: jwt.encode(claims("ada"), key, "HS256"),
    "a subject that does not exist": lambda _, key: jwt.encode(claims(uuid4()), key, "HS256"),
    "an unsigned copy": lambda user, key: jwt.encode(claims(user), key, "HS256").rpartition(".")[0] + ".",
    "no token": lambda *_: "not-a-token",
    "two dots": lambda *_: "..",
    "nothing": lambda *_: "",
    "other letters": lambda *_: "\xe9\xe9.\xe9.\xe9",
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
async def test_a_token_that_is_not_ours_gets_401(app, client, callers, forge):
    """VR-4: an invalid token gets 401."""
    await callers.headers(Role.ADMIN)
    key = app.state.accounts.tokens._secret
    token = forge(callers.users["admin"].id, key)
    answer = await client.get("/api/v1/auth/me", headers=[(b"authorization", b"Bearer " + token.encode("latin-1"))])
    assert_problem(answer, 401, "auth.not_authenticated")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YWRhOmFkYQ==", "Token abc"])
async def test_no_bearer_token_gets_401(client, header):
    answer = await client.get("/api/v1/auth/me", headers={"Authorization": header})
    assert_problem(answer, 401, "auth.not_authenticated")


async def test_the_scheme_may_be_written_in_any_case(client, viewer):
    token = viewer["Authorization"].split()[1]
    assert (await client.get("/api/v1/auth/me", headers={"Authorization": f"bearer {token}"})).status_code == 200


async def test_the_key_is_made_once_and_kept(app, settings):
    engine = app.state.services.database.engine
    opened = await asyncio.gather(*(type(app.state.accounts).open(engine, settings) for _ in range(3)))
    token = app.state.accounts.tokens.issue(uuid4())
    assert len({accounts.tokens.read(token.text) for accounts in opened}) == 1


async def test_users_are_created_and_listed_by_name(client, admin):
    created = await client.post(
        "/api/v1/users", json={"name": "grace", "password": "a nanosecond", "role": "operator"}, headers=admin
    )
    assert created.status_code == 201
    taken = await client.post(
        "/api/v1/users", json={"name": "GRACE", "password": "a nanosecond", "role": "viewer"}, headers=admin
    )
    assert_problem(taken, 409, "auth.name_taken")
    listed = await client.get("/api/v1/users", headers=admin)
    assert [user["name"] for user in listed.json()["items"]] == ["admin", "grace"]
    assert "hash" not in listed.text


@pytest.mark.parametrize(
    "body",
    [
        {"name": "", "password": "long enough indeed"},
        {"name": "with space", "password": "long enough indeed"},
        {"name": "a" * 101, "password": "long enough indeed"},
        {"name": "ada", "password": "short"},
        {"name": "ada", "password": "x" * 201},
        {"name": "ada"},
        {"name": "ada", "password": "long enough indeed", "role": "admin"},
    ],
)
async def test_bad_names_and_passwords_are_refused_and_the_password_is_not_shown_again(client, body):
    problem = assert_problem(await client.post("/api/v1/setup", json=body), 422, "request.invalid")
    assert problem["errors"]
    assert body.get("password", "none") not in str(problem)


def test_a_token_ends_by_the_clock_it_is_given():
    time = NOW
    tokens = Tokens(b"k" * 32, lifetime=timedelta(minutes=5), now=lambda: time)
    user = uuid4()
    token = tokens.issue(user).text
    time = NOW + timedelta(minutes=4, seconds=58)
    assert tokens.read(token).user_id == user
    time = NOW + timedelta(minutes=5)
    with pytest.raises(NotAuthenticated, match="has expired"):
        tokens.read(token)


def test_a_token_says_whose_it_is_and_until_when_and_nothing_else():
    tokens = Tokens(b"k" * 32, lifetime=timedelta(minutes=5), now=lambda: NOW)
    said = jwt.decode(tokens.issue(uuid4()).text, options={"verify_signature": False})
    assert set(said) == {"sub", "gen", "iat", "exp", "iss", "aud"}


async def test_the_names_of_users_are_found_by_their_ids(app, callers):
    await callers.headers(Role.ADMIN, "ada")
    await callers.headers(Role.VIEWER, "grace")
    ids = {name: user.id for name, user in callers.users.items()}
    users = app.state.accounts.users
    assert await users.names([ids["ada"], ids["grace"], uuid4()]) == {ids["ada"]: "ada", ids["grace"]: "grace"}
    assert await users.names([]) == {}
