"""Checks of identity.yaml: methods exist, and what an item demands can be met where the item is offered."""

from __future__ import annotations

from collections.abc import Iterator

from hub.config.load import Configuration
from hub.errors import Fault

_SELF_SERVICE = "TERMINAL"


def check_identity_rules(configuration: Configuration) -> Iterator[Fault]:
    """The faults of methods and channels."""
    rules = configuration.identity
    for channel in rules.channels:
        for index, method in enumerate(channel.methods):
            if method not in rules.by_method:
                text = f"no method {method!r}"
                yield configuration.fault("channel", channel.id, text, "methods", index, rule="REFERENCE")
    for item in configuration.catalogue.items:
        for channel in ("WINDOW", *((_SELF_SERVICE,) if item.self_service else ())):
            best = max((rules.by_method[method].level for method in rules.allowed(channel)), default=0)
            wanted = rules.demanded(item.identity_level, channel)
            if channel in rules.by_channel and best < wanted:
                text = f"it demands level {wanted} at a {channel}, where the best method has {best}"
                yield configuration.fault("item", item.code, text, "identity_level", rule="IDENTITY")
