"""The state of record: SQL through SQLModel, sealed personal data, evidence files."""
