"""A reply against the contract of what it reads: fields, lists, and every documented code."""

from __future__ import annotations

from collections.abc import Iterator

from hub.errors import Fault
from hub.mapping.codes import Codes
from hub.mapping.contract import ContractNode
from hub.mapping.flow import Scope, flow
from hub.mapping.model import MessageMapping, Names, Rule
from hub.mapping.paths import Ref
from hub.mapping.places import placed, rule_fault


def replied(mapping: MessageMapping, codes: Codes, root: ContractNode) -> Iterator[Fault]:
    """Check every path that a reply reads."""
    for rule, scope, prefix in placed(mapping, codes):
        for ref, path in _paths(rule, prefix):
            node = root.at(path)
            if node is None:
                text = f"{rule.name}: the contract has no field {'.'.join(path)!r}"
                yield rule_fault(mapping, rule, "MAP_PATH", text)
            elif ref in rule.canonical:
                yield from _read(rule, scope, node, ".".join(path))


def _paths(rule: Rule, prefix: Names) -> Iterator[tuple[Ref, Names]]:
    inside = (*prefix, *rule.each.source.parts) if rule.each else prefix
    refs = [(ref, prefix) for ref in (*rule.canonical, *rule.guard.refs)]
    refs += [(ref, inside) for ref in (rule.each.where.refs if rule.each else ())]
    for ref, base in refs:
        if ref.root in {"here", "root"}:
            yield ref, (*base, *ref.parts) if ref.root == "here" else ref.parts


def _read(rule: Rule, scope: Scope, node: ContractNode, path: str) -> Iterator[Fault]:
    mapping = scope.mapping
    if node.kind == "any":
        return
    if rule.each is not None:
        if node.item.kind not in {"object", "any"}:
            yield rule_fault(mapping, rule, "MAP_TYPE", f"{rule.name}: the items of {path!r} are no objects")
        return
    if node.item.kind == "object":
        yield rule_fault(mapping, rule, "MAP_TYPE", f"{rule.name}: {path!r} is an object; name one of its fields")
    elif node.kind == "list" and not flow(rule, scope).is_list:
        yield rule_fault(mapping, rule, "MAP_TYPE", f"{rule.name}: {path!r} is a list; use each")
    name = rule.table or rule.rank
    if name is not None:
        known = {*scope.codes.tables[name].reading(), *map(str, mapping.nulls_of(rule))}
        lacking = [code for code in node.item.enum if code not in known]
        if lacking:
            text = f"{rule.name}: the table {name!r} does not know {', '.join(lacking[:8])} of {path!r}"
            yield rule_fault(mapping, rule, "MAP_CODES", text)
