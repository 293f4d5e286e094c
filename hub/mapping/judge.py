"""All faults of one message that its own file and the canonical model show, each with its line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from hub.errors import Fault
from hub.mapping.codes import Codes
from hub.mapping.flow import Scope, Wrong, flow, judge_guard
from hub.mapping.model import Guard, MessageMapping, Names, Rule, Section


def judge(mapping: MessageMapping, codes: Codes) -> tuple[Fault, ...]:
    """Judge every rule; a rule that fails does not hide the others."""
    scope = Scope.of(mapping, codes)
    faults: list[Fault] = []
    for section in mapping.sections:
        try:
            judge_guard(section.guard, scope)
        except Wrong as wrong:
            line = section.rules[0].line if section.rules else 1
            faults.append(_fault(mapping, line, wrong.rule, f"the group's condition: {wrong}"))
        faults += _judge_rules(section.rules, scope)
    faults += _conflicts(mapping)
    return tuple(dict.fromkeys(faults))


def _judge_rules(rules: tuple[Rule, ...], scope: Scope) -> Iterator[Fault]:
    for rule in rules:
        try:
            flow(rule, scope)
            inner = scope.inside(rule) if rule.each else None
        except Wrong as wrong:
            yield _fault(scope.mapping, rule.line, wrong.rule, f"{rule.name}: {wrong}")
            continue
        if rule.each and inner:
            yield from _judge_rules(rule.each.rules, inner)
            yield from _unfilled(rule, inner)


def _unfilled(rule: Rule, inner: Scope) -> Iterator[Fault]:
    """Fields that the canonical model demands of every object of a list, and that no rule fills."""
    if inner.direction != "reply" or rule.each is None:
        return
    filled = {child.target[0] for child in rule.each.rules}
    for model in inner.here.models:
        for name, info in model.model_fields.items():
            if info.is_required() and name not in filled:
                yield _fault(inner.mapping, rule.line, "MAP_TARGET", f"{rule.name}: every {name!r} must be filled")


def _conflicts(mapping: MessageMapping) -> Iterator[Fault]:
    for section in mapping.sections:
        yield from _clashes(mapping, section.rules)
    for earlier, later in combinations(mapping.sections, 2):
        if not _exclusive(earlier.guard, later.guard):
            yield from _twice(mapping, earlier, later)


def _clashes(mapping: MessageMapping, rules: tuple[Rule, ...]) -> Iterator[Fault]:
    """One wire path cannot be a value and an object at once."""
    lines = {rule.target: rule.line for rule in rules}
    for target, line in lines.items():
        for end in range(1, len(target)):
            if target[:end] in lines:
                message = f"{'.'.join(target[:end])!r} is a value in line {lines[target[:end]]}"
                yield _fault(mapping, line, "MAP_CONFLICT", message)
    for rule in rules:
        if rule.each:
            yield from _clashes(mapping, rule.each.rules)


def _twice(mapping: MessageMapping, earlier: Section, later: Section) -> Iterator[Fault]:
    lines = {rule.target: rule.line for rule in earlier.rules}
    for rule in later.rules:
        for target in _related(rule.target, lines):
            message = f"{rule.name!r} may be set by line {lines[target]} in the same message"
            yield _fault(mapping, rule.line, "MAP_CONFLICT", message)


def _related(target: Names, others: Iterable[Names]) -> Iterator[Names]:
    for other in others:
        shared = min(len(target), len(other))
        if target[:shared] == other[:shared]:
            yield other


def _exclusive(one: Guard, other: Guard) -> bool:
    if set(one.when) & set(other.unless) or set(one.unless) & set(other.when):
        return True
    return any(
        mine.ref == theirs.ref and not set(mine.values) & set(theirs.values)
        for mine in one.only
        for theirs in other.only
    )


def _fault(mapping: MessageMapping, line: int, rule: str, message: str) -> Fault:
    return Fault(f"{mapping.file}:{line}", rule, message)
