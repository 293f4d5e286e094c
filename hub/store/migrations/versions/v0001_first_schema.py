"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "hub_batch",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("tasks", sa.JSON(), nullable=True),
        sa.Column("closed_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_hub_batch_endpoint"), "hub_batch", ["endpoint"], unique=False)
    op.create_table(
        "hub_callback",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("serial", sa.String(), nullable=True),
        sa.Column("provider_ref", sa.String(), nullable=True),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.Column("task", sa.String(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_hub_callback_provider_ref"), "hub_callback", ["provider_ref"], unique=False)
    op.create_index(op.f("ix_hub_callback_serial"), "hub_callback", ["serial"], unique=False)
    op.create_table(
        "hub_case",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=True),
        sa.Column("applicant_index", sa.String(), nullable=False),
        sa.Column("wrapped_key", sa.String(), nullable=False),
        sa.Column("application", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("request_id"),
    )
    op.create_index(op.f("ix_hub_case_applicant_index"), "hub_case", ["applicant_index"], unique=False)
    op.create_index(op.f("ix_hub_case_state"), "hub_case", ["state"], unique=False)
    op.create_table(
        "hub_command",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("task", sa.String(), nullable=True),
        sa.Column("batch_id", sa.String(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("not_before", sa.DateTime(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("claimed_until", sa.DateTime(), nullable=True),
        sa.Column("deliveries", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("hub_command_due", "hub_command", ["state", "endpoint", "not_before"], unique=False)
    op.create_index(op.f("ix_hub_command_task"), "hub_command", ["task"], unique=False)
    op.create_table(
        "hub_counter",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "hub_event",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("case_number", sa.String(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
    )
    op.create_index(op.f("ix_hub_event_case_number"), "hub_event", ["case_number"], unique=False)
    op.create_index(op.f("ix_hub_event_task"), "hub_event", ["task"], unique=False)
    op.create_table(
        "hub_exchange",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("command", sa.String(), nullable=False),
        sa.Column("task", sa.String(), nullable=True),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("wrapped_key", sa.String(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index(op.f("ix_hub_exchange_command"), "hub_exchange", ["command"], unique=False)
    op.create_index(op.f("ix_hub_exchange_task"), "hub_exchange", ["task"], unique=False)
    op.create_table(
        "hub_file",
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("collected_at", sa.DateTime(), nullable=False),
        sa.Column("unmatched", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("endpoint", "name"),
    )
    op.create_table(
        "hub_task",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("case_number", sa.String(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("batch_type", sa.String(), nullable=True),
        sa.Column("batch_id", sa.String(), nullable=True),
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("provider_ref", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("doubt_until", sa.DateTime(), nullable=True),
        sa.Column("cancel_asked", sa.Boolean(), nullable=False),
        sa.Column("ready_at", sa.DateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("order", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("hub_task_batch", "hub_task", ["endpoint", "batch_type", "state"], unique=False)
    op.create_index(op.f("ix_hub_task_batch_id"), "hub_task", ["batch_id"], unique=False)
    op.create_index(op.f("ix_hub_task_case_number"), "hub_task", ["case_number"], unique=False)
    op.create_index(op.f("ix_hub_task_provider_ref"), "hub_task", ["provider_ref"], unique=False)
    op.create_index(op.f("ix_hub_task_serial"), "hub_task", ["serial"], unique=False)


def downgrade() -> None:
    """Drop every table."""
    for table in ("callback", "file", "batch", "exchange", "event", "command", "task", "case", "counter"):
        op.drop_table(f"hub_{table}")
