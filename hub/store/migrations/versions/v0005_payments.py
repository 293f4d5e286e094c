"""Payments and what became of them at the utilities."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
_INDEXED = ("case_number", "place", "reference", "serial", "task")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "hub_payment",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("case_number", sa.String(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=True),
        sa.Column("done_at", sa.DateTime(), nullable=True),
        sa.Column("reversed_at", sa.DateTime(), nullable=True),
        sa.Column("doubt_until", sa.DateTime(), nullable=True),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("hub_payment_day", "hub_payment", ["endpoint", "at"], unique=False)
    for column in _INDEXED:
        op.create_index(op.f(f"ix_hub_payment_{column}"), "hub_payment", [column], unique=False)
