"""Adapter of the power company's open platform: signed and encrypted REST with webhooks."""
