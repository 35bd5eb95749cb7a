"""Passwords: hashed, checked, and no hint at who exists."""

import asyncio

import pytest

from app.auth.passwords import Passwords

pytestmark = pytest.mark.anyio


async def test_a_password_is_known_by_its_hash_only():
    passwords = Passwords()
    known = await passwords.hash("correct horse battery")
    assert known.startswith("$argon2")
    assert "correct" not in known
    assert known != await passwords.hash("correct horse battery"), "each hash has a salt of its own"
    assert await passwords.check("correct horse battery", known)
    assert not await passwords.check("correct horse batterx", known)


async def test_an_unknown_user_is_refused_with_any_password():
    passwords = Passwords()
    answers = await asyncio.gather(*(passwords.check(text, None) for text in ("", "x", "the password of nobody")))
    assert answers == [False, False, False]
