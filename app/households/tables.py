"""The tables of households and voters, and the working tables of the two jobs that write them."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)

from app.database.tables import metadata, one_of
from app.households.model import GeocodeStatus, Outcome

_MATCHED = ", ".join(f"'{outcome}'" for outcome in Outcome if outcome.status is GeocodeStatus.MATCHED)
_OUTCOMES = [outcome.value for outcome in Outcome]

#: One row per normalised address. ``zip`` is empty, not null, where the address has none, so that it can be unique.
households = Table(
    "households",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("street", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("zip", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("geocode_outcome", Text),
    Column(
        "geocode_status",
        Text,
        Computed(
            f"CASE WHEN geocode_outcome IS NULL THEN '{GeocodeStatus.PENDING}' "
            f"WHEN geocode_outcome IN ({_MATCHED}) THEN '{GeocodeStatus.MATCHED}' "
            f"ELSE '{GeocodeStatus.UNMATCHED}' END",
            persisted=True,
        ),
        nullable=False,
    ),
    Column("geocode_reason", Text),
    Column("latitude", Double),
    Column("longitude", Double),
    Column("geocoded_at", DateTime(timezone=True)),
    # Raised once by each look-up, in the transaction that notes its outcome.
    Column("geocode_attempts", Integer, nullable=False, server_default=text("0")),
    UniqueConstraint("state", "city", "zip", "street"),
    CheckConstraint(one_of("geocode_outcome", _OUTCOMES), name="geocode_outcome"),
    CheckConstraint(f"(latitude IS NOT NULL) = (coalesce(geocode_outcome, '') IN ({_MATCHED}))", name="located"),
    CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="coordinates"),
    Index("ix_households_geocode_status_id", "geocode_status", "id"),
)

voters = Table(
    "voters",
    metadata,
    Column("voter_id", Text, primary_key=True),
    Column("household_id", BigInteger, ForeignKey("households.id"), nullable=False),
    Column("first_name", Text, nullable=False),
    Column("last_name", Text, nullable=False),
    Column("birth_year", SmallInteger),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("ix_voters_household_id", "household_id"),
)

#: Accepted rows of a voter file that are not yet written to ``voters``. A job's rows go as they are written.
import_rows = Table(
    "import_rows",
    metadata,
    Column("job_id", Uuid, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("voter_id", Text, nullable=False),
    Column("first_name", Text, nullable=False),
    Column("last_name", Text, nullable=False),
    Column("birth_year", SmallInteger),
    Column("street", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("zip", Text, nullable=False),
    # A second row for the same voter in one file is refused by this key.
    PrimaryKeyConstraint("job_id", "voter_id"),
    Index("ix_import_rows_job_id_line", "job_id", "line"),
)

#: Households that a geocoding job has chosen, and what their look-up gave until it is written back.
geocode_selection = Table(
    "geocode_selection",
    metadata,
    Column("job_id", Uuid, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("household_id", BigInteger, ForeignKey("households.id", ondelete="CASCADE"), nullable=False),
    Column("outcome", Text),
    Column("reason", Text),
    Column("latitude", Double),
    Column("longitude", Double),
    PrimaryKeyConstraint("job_id", "household_id"),
    CheckConstraint(one_of("outcome", _OUTCOMES), name="outcome"),
    Index("ix_geocode_selection_household_id", "household_id"),
)
