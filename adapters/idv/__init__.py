"""Adapter of the identity verification and data-sharing gateway: signed forms, JSON in JSON, a rotating secret."""
