"""Which rule made a wire field, and what a message leaves unmapped or loses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hub.errors import NotFound
from hub.mapping import canonical
from hub.mapping.contract import ContractNode
from hub.mapping.load import MappingSet
from hub.mapping.model import Condition, Direction, Guard, MessageMapping, Names, Rule
from hub.mapping.places import placed

_PLACE = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Explanation:
    """One rule: where it stands, how it is written, what it connects, and when it applies."""

    file: str
    line: int
    rule: str
    wire: str
    canonical: str
    functions: tuple[str, ...]
    condition: str = ""


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """Wire fields with and without a rule, and canonical fields that the message does not carry."""

    message: str
    direction: Direction
    mapped: tuple[str, ...]
    unmapped: tuple[str, ...]
    lost: tuple[str, ...]


def explain(mappings: MappingSet, message: str, direction: Direction, wire_path: str) -> Explanation:
    """Name the rule of a wire field; places in lists (`FJ[2]`) may stand in the path. Raises NotFound.

    Where groups give several rules for one field, this is the first; `explanations` gives all.
    """
    found = explanations(mappings, message, direction, wire_path)
    if not found:
        raise NotFound(f"no rule of {message}.{direction} makes or reads that field")
    return found[0]


def explanations(mappings: MappingSet, message: str, direction: Direction, wire_path: str) -> tuple[Explanation, ...]:
    """All rules of a wire field, in the file's order."""
    mapping = mappings.mapping(message, direction)
    wanted = _PLACE.sub("", wire_path)
    groups = {id(rule): section.guard for section in mapping.sections for rule in section.rules if section.guard}
    return tuple(
        _explained(mapping, rule, wire, canonical_path, groups.get(id(rule), Guard()))
        for rule, wire, canonical_path in _connections(mapping, mappings)
        if wire == wanted
    )


def coverage(mappings: MappingSet, message: str, direction: Direction, contract: ContractNode) -> CoverageReport:
    """Compare what a message maps with all that its contract and the canonical model hold."""
    mapping = mappings.mapping(message, direction)
    connections = list(_connections(mapping, mappings))
    wire = {path for _, path, _ in connections}
    fields = [".".join(names) for names in contract.leaves()]
    used = {path for _, _, paths in connections for path in paths.split(", ")}
    leaves = dict.fromkeys(".".join(names) for names in canonical.leaves(canonical.of_model(mapping.model)))
    return CoverageReport(
        message=message,
        direction=direction,
        mapped=tuple(path for path in fields if path in wire),
        unmapped=tuple(path for path in fields if path not in wire),
        lost=tuple(path for path in leaves if path not in used),
    )


def _connections(mapping: MessageMapping, mappings: MappingSet) -> Iterator[tuple[Rule, str, str]]:
    """Every rule with its wire path and its canonical paths, both from the message's root."""
    around: dict[int, Names] = {}
    for rule, _, prefix in placed(mapping, mappings.codes):
        far = around.get(id(rule), ())
        sources = [(*prefix, *ref.parts) if ref.root == "here" else None for ref in rule.canonical]
        wires = [".".join(path) if path else str(ref) for path, ref in zip(sources, rule.canonical, strict=True)]
        if mapping.direction == "request":
            own = [".".join((*far, *ref.parts)) if ref.root == "here" else _outer(ref) for ref in rule.canonical]
            yield rule, ".".join((*prefix, *rule.target)), ", ".join(own) or "(constant)"
            inner = (*far, *rule.each.source.parts) if rule.each else ()
        else:
            for wire in wires or ["(constant)"]:
                yield rule, wire, ".".join((*far, *rule.target))
            inner = (*far, *rule.target)
        for child in rule.each.rules if rule.each else ():
            around[id(child)] = inner


def _outer(ref: object) -> str:
    return str(ref).removeprefix("$root.")


def _explained(mapping: MessageMapping, rule: Rule, wire: str, canonical_path: str, group: Guard) -> Explanation:
    steps = [f"table {rule.table}"] if rule.table else []
    steps += [f"rank in {rule.rank}"] if rule.rank else []
    steps += [f"format {rule.format}"] if rule.format else []
    steps += [str(call) for call in rule.functions]
    condition = "; ".join(filter(None, (_told(group), _told(rule.guard))))
    return Explanation(mapping.file, rule.line, rule.text, wire, canonical_path, tuple(steps), condition)


def _told(guard: Guard) -> str:
    parts = [f"{ref} present" for ref in guard.when]
    parts += [f"{ref} absent" for ref in guard.unless]
    parts += [_compared(condition) for condition in guard.only]
    return ", ".join(parts)


def _compared(condition: Condition) -> str:
    return f"{condition.ref} is {' or '.join(map(str, condition.values))}"
