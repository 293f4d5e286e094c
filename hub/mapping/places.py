"""Where every rule of a message stands: its scope, and the wire path of the list around it."""

from __future__ import annotations

from collections.abc import Iterator

from hub.errors import Fault
from hub.mapping.codes import Codes
from hub.mapping.flow import Scope
from hub.mapping.model import MessageMapping, Names, Rule


def placed(mapping: MessageMapping, codes: Codes) -> Iterator[tuple[Rule, Scope, Names]]:
    """Every rule with its scope and the wire path of the list it stands in."""
    for section in mapping.sections:
        yield from _placed(section.rules, Scope.of(mapping, codes), ())


def _placed(rules: tuple[Rule, ...], scope: Scope, prefix: Names) -> Iterator[tuple[Rule, Scope, Names]]:
    for rule in rules:
        yield rule, scope, prefix
        if rule.each is not None:
            inner = rule.target if scope.direction == "request" else rule.each.source.parts
            yield from _placed(rule.each.rules, scope.inside(rule), (*prefix, *inner))


def rule_fault(mapping: MessageMapping, rule: Rule, code: str, message: str) -> Fault:
    return Fault(f"{mapping.file}:{rule.line}", code, message)
