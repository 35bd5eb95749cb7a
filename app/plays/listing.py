"""Reading plays: the list, one with its scenes and speakers, and its text."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.database.cursor import KeyCursor, Page, Row
from app.plays.model import ElementKind
from app.plays.tables import play_elements, plays
from app.problems import InvalidCursor, PlayNotFound

_NO_CURSOR = "The cursor is not one that this list made."


@dataclass(frozen=True)
class ElementFilter:
    """Which elements of a play are meant; all that are given must hold."""

    act: int | None = None
    scene: int | None = None
    speaker: str | None = None
    kind: ElementKind | None = None


@dataclass(frozen=True)
class PlayReader:
    """Reads plays; each method is one look at the database."""

    engine: AsyncEngine

    async def page(self, *, limit: int, cursor: str | None) -> Page:
        """Return at most ``limit`` plays, newest first, behind ``cursor``. Raises InvalidCursor."""
        cursors = KeyCursor("plays")
        query = select(plays).order_by(plays.c.created_at.desc(), plays.c.id.desc()).limit(limit + 1)
        if cursor:
            try:
                at, last = cursors.decode(cursor)
                behind = tuple_(datetime.fromisoformat(at), UUID(last))
            except ValueError:
                raise InvalidCursor(_NO_CURSOR) from None
            query = query.where(tuple_(plays.c.created_at, plays.c.id) < behind)
        async with self.engine.connect() as connection:
            rows = [dict(row) for row in (await connection.execute(query)).mappings()]
        shown = rows[:limit]
        more = len(rows) > limit
        return Page(shown, cursors.encode(shown[-1]["created_at"].isoformat(), str(shown[-1]["id"])) if more else None)

    async def get(self, play_id: UUID) -> tuple[Row, list[Row], list[Row]]:
        """Return a play, its scenes in order, and its speakers, the one with most lines first. Raises PlayNotFound."""
        element = play_elements.c
        own = element.play_id == play_id
        heading = element.kind == ElementKind.SCENE.value
        spoken = element.kind == ElementKind.LINE.value
        scenes = (
            select(
                element.act,
                element.scene,
                func.min(element.text).filter(heading).label("heading"),
                func.count(element.speech.distinct()).label("speeches"),
                func.count().filter(spoken).label("lines"),
            )
            .where(own, element.kind.in_([ElementKind.SCENE.value, ElementKind.LINE.value]))
            .group_by(element.act, element.scene)
            .order_by(func.min(element.number))
        )
        speakers = (
            select(
                element.speaker.label("name"),
                func.count(element.speech.distinct()).label("speeches"),
                func.count().label("lines"),
            )
            .where(own, spoken)
            .group_by(element.speaker)
            .order_by(func.count().desc(), element.speaker)
        )
        async with self.engine.connect() as connection:
            row = await self._play(connection, play_id)
            found = [(await connection.execute(query)).mappings().all() for query in (scenes, speakers)]
        return row, [dict(one) for one in found[0]], [dict(one) for one in found[1]]

    async def elements(self, play_id: UUID, filters: ElementFilter, *, limit: int, cursor: str | None) -> Page:
        """Return at most ``limit`` elements of a play, in order. Raises PlayNotFound, InvalidCursor."""
        asked = [play_id, filters.act, filters.scene, filters.speaker, filters.kind]
        cursors = KeyCursor("elements", asked)
        element = play_elements.c
        query = select(*(column for column in element if column.name != "play_id")).where(element.play_id == play_id)
        for column, value in (
            (element.act, filters.act), (element.scene, filters.scene), (element.speaker, filters.speaker),
            (element.kind, filters.kind.value if filters.kind else None),
        ):  # fmt: skip
            if value is not None:
                query = query.where(column == value)
        if cursor:
            try:
                (last,) = map(int, cursors.decode(cursor))
            except ValueError:
                raise InvalidCursor(_NO_CURSOR) from None
            query = query.where(element.number > min(last, 2**31 - 1))
        async with self.engine.connect() as connection:
            await self._play(connection, play_id)
            rows = (await connection.execute(query.order_by(element.number).limit(limit + 1))).mappings()
            found = [dict(row) for row in rows]
        return Page(found[:limit], cursors.encode(str(found[limit - 1]["number"])) if len(found) > limit else None)

    async def _play(self, connection: AsyncConnection, play_id: UUID) -> Row:
        row = (await connection.execute(select(plays).where(plays.c.id == play_id))).mappings().one_or_none()
        if row is None:
            raise PlayNotFound(f"There is no play {play_id}.")
        return dict(row)
