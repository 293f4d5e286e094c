"""The static check of a mapping set against the contracts of its messages and against all canonical codes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import chain

from hub.errors import Fault
from hub.mapping.canonical import Shape
from hub.mapping.check_reply import replied
from hub.mapping.check_request import Requested
from hub.mapping.codes import ENUMS, Codes, Table
from hub.mapping.contract import ContractNode
from hub.mapping.flow import flow
from hub.mapping.load import MappingSet
from hub.mapping.model import MessageMapping, Rule
from hub.mapping.paths import Ref
from hub.mapping.places import placed, rule_fault

WARNINGS = frozenset({"MAP_ABSENT", "MAP_UNBOUNDED"})
"""Rules of faults that a person should look at, and that do not make a mapping wrong."""

Contracts = Callable[[str], ContractNode]
Tables = Mapping[str, Collection[str]]


def check(
    mappings: MappingSet,
    contracts: Contracts,
    *,
    config_keys: Collection[str] = (),
    params_keys: Collection[str] = (),
    catalogue_tables: Tables | None = None,
) -> list[Fault]:
    """Check every message against both ends. `contracts` resolves the `contract:` of a file to its root node.

    `catalogue_tables` gives the canonical codes of each table that an `of:` may name. Faults whose rule is in
    `WARNINGS` are advice.
    """
    keys = {"config": config_keys, "params": params_keys}
    faults: list[Fault] = []
    for mapping in mappings.mappings.values():
        faults += _environment(mapping, mappings.codes, keys)
        faults += _coverage(mapping, mappings.codes, catalogue_tables or {})
        if mapping.contract is not None:
            try:
                root = contracts(mapping.contract)
            except (KeyError, ValueError, OSError) as error:
                text = f"the contract {mapping.contract!r} cannot be read: {type(error).__name__}"
                faults.append(Fault(f"{mapping.file}:1", "MAP_CONTRACT", text))
                continue
            if mapping.direction == "request":
                faults += Requested(mapping, mappings.codes).faults(root)
            else:
                faults += replied(mapping, mappings.codes, root)
    return list(dict.fromkeys(faults))


def _refs(rule: Rule) -> Iterator[Ref]:
    yield from rule.canonical
    yield from rule.guard.refs
    if rule.each is not None:
        yield from rule.each.where.refs


def _environment(mapping: MessageMapping, codes: Codes, keys: Mapping[str, Collection[str]]) -> Iterator[Fault]:
    groups = (Rule((), section.rules[0].line, "", section.guard) for section in mapping.sections if section.rules)
    for rule in chain(groups, (rule for rule, _, _ in placed(mapping, codes))):
        for ref in _refs(rule):
            if ref.root in keys and ref.parts[0] not in keys[ref.root]:
                known = ", ".join(sorted(keys[ref.root])) or "none"
                yield rule_fault(mapping, rule, "MAP_PATH", f"{rule.name}: there is no {ref}; known are {known}")


def _coverage(mapping: MessageMapping, codes: Codes, known: Tables) -> Iterator[Fault]:
    """Tables that write must have a code, or a refusal, for every canonical value."""
    if mapping.direction != "request":
        return
    for rule, scope, _ in placed(mapping, codes):
        if rule.table is None:
            continue
        table = codes.tables[rule.table]
        wanted = canonical_codes(table, flow(rule, scope).sources[0], known)
        if wanted is None:
            yield Fault(table.where, "MAP_CODES", f"the table {table.name!r} must say what it covers: of")
            continue
        lacking = [code for code in wanted if code not in table.entries and code not in table.unsupported]
        if lacking:
            text = f"the table {table.name!r} has no code for {', '.join(lacking[:8])}"
            yield Fault(table.where, "MAP_CODES", f"{text}; add them, or list them as unsupported")
        strange = [code for code in (*table.entries, *table.unsupported) if code not in wanted]
        if strange:
            yield Fault(table.where, "MAP_CODES", f"{strange[0]!r} in {table.name!r} is no canonical code")


def canonical_codes(table: Table, source: Shape, known: Tables) -> tuple[str, ...] | None:
    """The canonical codes that a table has to cover, or None if nobody says."""
    if isinstance(table.of, tuple):
        return table.of
    if table.of is not None:
        if table.of in ENUMS:
            return tuple(str(member.value) for member in ENUMS[table.of])
        return tuple(known[table.of]) if table.of in known else None
    if source.kind == "boolean":
        return ("true", "false")
    return source.values or None
