"""Citizen cards: acts and top-ups as ISO 8583 messages over one connection, applications in signed pipe files."""
