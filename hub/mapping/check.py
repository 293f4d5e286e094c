"""The static check of a mapping set against the contracts of its messages and against all canonical codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import chain

from hub.errors import Fault
from hub.mapping.canonical import Shape, article
from hub.mapping.codes import ENUMS, Codes, Table
from hub.mapping.contract import ContractNode
from hub.mapping.flow import Flow, Scope, flow
from hub.mapping.load import MappingSet
from hub.mapping.model import ABSENT, MessageMapping, Names, Rule
from hub.mapping.paths import Ref

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
            side = _Requested(mapping, mappings.codes) if mapping.direction == "request" else None
            faults += side.faults(root) if side else _replied(mapping, mappings.codes, root)
    return list(dict.fromkeys(faults))


def placed(mapping: MessageMapping, codes: Codes) -> Iterator[tuple[Rule, Scope, Names]]:
    """Every rule with its scope and the wire (request) or canonical (reply) path of the list it stands in."""
    for section in mapping.sections:
        yield from _placed(section.rules, Scope.of(mapping, codes), ())


def _placed(rules: tuple[Rule, ...], scope: Scope, prefix: Names) -> Iterator[tuple[Rule, Scope, Names]]:
    for rule in rules:
        yield rule, scope, prefix
        if rule.each is not None:
            inner = rule.target if scope.direction == "request" else rule.each.source.parts
            yield from _placed(rule.each.rules, scope.inside(rule), (*prefix, *inner))


def _fault(mapping: MessageMapping, rule: Rule, code: str, message: str) -> Fault:
    return Fault(f"{mapping.file}:{rule.line}", code, message)


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
                yield _fault(mapping, rule, "MAP_PATH", f"{rule.name}: there is no {ref}; known are {known}")


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
            return tuple(str(member.value) for member in ENUMS[table.of])  # type: ignore[var-annotated] # Enum
        return tuple(known[table.of]) if table.of in known else None
    if source.kind == "boolean":
        return ("true", "false")
    return source.values or None


class _Requested:
    """A request against the contract of what it writes."""

    def __init__(self, mapping: MessageMapping, codes: Codes) -> None:
        self._mapping, self._codes = mapping, codes
        self._sure: set[Names] = set()
        self._set: set[Names] = set()

    def faults(self, root: ContractNode) -> Iterator[Fault]:
        main = set(map(id, self._mapping.sections[0].rules))
        nested = {id(rule) for rule, _, prefix in placed(self._mapping, self._codes) if prefix}
        for rule, scope, prefix in placed(self._mapping, self._codes):
            path = (*prefix, *rule.target)
            made = flow(rule, scope)
            self._set.update(path[:end] for end in range(1, len(path) + 1))
            if not made.absent and (id(rule) in main or id(rule) in nested):
                self._sure.update(path[:end] for end in range(len(prefix) + 1, len(path) + 1))
            node = root.at(path)
            if node is None:
                yield self._fault(rule, "MAP_TARGET", f"the contract has no field {'.'.join(path)!r}")
            elif node.kind != "any":
                yield from self._node(rule, made, node, ".".join(path))
        yield from self._demanded(root, ())

    def _node(self, rule: Rule, made: Flow, node: ContractNode, path: str) -> Iterator[Fault]:
        if made.is_list != (node.kind == "list"):
            text = f"{path!r} is {article(node.kind)} in the contract, the rule makes {article(made.kind)}"
            yield self._fault(rule, "MAP_TYPE", text if made.kind == "list" or not made.is_list else f"{text} list")
            return
        item = node.item
        if rule.each is not None:
            if item.kind not in {"object", "any"}:
                yield self._fault(rule, "MAP_TYPE", f"the items of {path!r} are no objects in the contract")
            return
        if not fits(made.kind, item):
            text = f"{path!r} is {article(item.kind)} in the contract, the rule makes {article(made.kind)}"
            yield self._fault(rule, "MAP_TYPE", text)
            return
        yield from self._length(rule, made, item, path)
        yield from self._values(rule, item, path)

    def _length(self, rule: Rule, made: Flow, node: ContractNode, path: str) -> Iterator[Fault]:
        if made.kind not in {"text", "any"}:
            return
        widest = 4 if self._mapping.charset in {"utf-8", "gb18030"} else 2
        constant = rule.const if isinstance(rule.const, str) else None
        for unit, most in (("characters", node.max_length), ("bytes", node.max_bytes)):
            if most is None:
                continue
            longest = _longest(rule, made, unit, 1 if unit == "characters" else widest)
            if constant is not None:
                longest = len(constant) if unit == "characters" else len(constant.encode(self._mapping.charset))
            limit = "max_chars" if unit == "characters" else "max_bytes"
            if longest is None:
                text = f"{path!r} may have {most} {unit} and nothing bounds the value; add {limit}: {most}"
                yield self._fault(rule, "MAP_UNBOUNDED", text)
            elif longest > most:
                text = f"{path!r} may have {most} {unit}, the rule may write {longest}; use {limit}: {most}"
                yield self._fault(rule, "MAP_LENGTH", text)

    def _values(self, rule: Rule, node: ContractNode, path: str) -> Iterator[Fault]:
        written = [str(value) for value in (rule.const, rule.default) if isinstance(value, str | int)]
        if rule.table is not None and not rule.functions and rule.pad is None:
            written += self._codes.tables[rule.table].writing().values()
        if node.enum:
            strange = sorted({value for value in written if value not in node.enum})
            if strange:
                yield self._fault(rule, "MAP_CODES", f"{path!r} may not be {', '.join(map(repr, strange[:5]))}")
        elif node.pattern:
            yield from self._pattern(rule, node.pattern, written, path)

    def _pattern(self, rule: Rule, pattern: str, written: list[str], path: str) -> Iterator[Fault]:
        try:
            compiled = re.compile(pattern)
        except re.error:
            return  # XSD and JSON patterns know a few things that Python's do not
        strange = [value for value in written if not compiled.search(value)]
        if strange:
            yield self._fault(
                rule, "MAP_CODES", f"{path!r} may not be {strange[0]!r}: the contract's pattern forbids it"
            )

    def _demanded(self, node: ContractNode, prefix: Names) -> Iterator[Fault]:
        """Required fields that no rule sets, or that a rule may leave out. An object nobody starts demands nothing."""
        for child in node.item.children:
            path = (*prefix, child.name)
            if child.required and path not in self._sure:
                yield self._lacking(path)
            if path in self._set or (child.required and child.item.kind == "object"):
                yield from self._demanded(child, path)

    def _lacking(self, path: Names) -> Fault:
        name = ".".join(path)
        lines = [
            rule.line
            for rule, _, prefix in placed(self._mapping, self._codes)
            if (*prefix, *rule.target)[: len(path)] == path
        ]
        if not lines:
            return Fault(f"{self._mapping.file}:1", "MAP_TARGET", f"the contract demands {name!r} and no rule sets it")
        text = f"the contract demands {name!r}, which may stay unset; use required: true or a default"
        return Fault(f"{self._mapping.file}:{lines[0]}", "MAP_ABSENT", text)

    def _fault(self, rule: Rule, code: str, message: str) -> Fault:
        return _fault(self._mapping, rule, code, message)


def fits(kind: str, node: ContractNode) -> bool:
    """Whether a value of a kind may stand at a node."""
    if "any" in {kind, node.kind}:
        return True
    if node.kind in {"text", "date", "datetime"}:
        return kind == "text"
    if node.as_text and kind == "text":
        return True
    if node.kind == "decimal":
        return kind == "integer" or (kind == "decimal" and not node.as_text)
    # XML and records have no booleans of their own: a mapping says how they are spelled.
    return kind == node.kind and not (kind == "boolean" and node.as_text)


def _longest(rule: Rule, made: Flow, unit: str, widest: int) -> int | None:
    """The longest text, in characters or bytes, that a rule can write, if anything bounds it."""
    bounds = [made.longest * widest] if made.longest is not None else []
    if rule.table is not None and not rule.functions and made.longest is not None:
        bounds = [made.longest]  # codes are ASCII
    if rule.max_chars is not None:
        bounds.append(rule.max_chars * widest)
    if rule.max_bytes is not None:
        bounds.append(rule.max_bytes)
    if rule.default is not ABSENT and isinstance(rule.default, str) and bounds:
        return max(min(bounds), len(rule.default))
    return min(bounds) if bounds and unit else None


def _replied(mapping: MessageMapping, codes: Codes, root: ContractNode) -> Iterator[Fault]:
    for rule, _, prefix in placed(mapping, codes):
        for ref in _refs(rule):
            if ref.root not in {"here", "root"}:
                continue
            inside = ref.root == "here" and not (rule.each and ref in rule.each.where.refs)
            path = (*prefix, *ref.parts) if inside else ref.parts
            if rule.each and ref in rule.each.where.refs and ref.root == "here":
                path = (*prefix, *rule.each.source.parts, *ref.parts)
            node = root.at(path)
            if node is None:
                text = f"{rule.name}: the contract has no field {'.'.join(path)!r}"
                yield _fault(mapping, rule, "MAP_PATH", text)
            elif ref in rule.canonical:
                yield from _read(mapping, codes, rule, node, ".".join(path))


def _read(mapping: MessageMapping, codes: Codes, rule: Rule, node: ContractNode, path: str) -> Iterator[Fault]:
    if node.kind == "any":
        return
    if rule.each is not None:
        if node.item.kind not in {"object", "any"}:
            yield _fault(mapping, rule, "MAP_TYPE", f"{rule.name}: the items of {path!r} are no objects")
        return
    if node.item.kind == "object":
        yield _fault(mapping, rule, "MAP_TYPE", f"{rule.name}: {path!r} is an object; name one of its fields")
    plural = flow(rule, Scope.of(mapping, codes)).is_list if len(rule.target) == 1 and _is_top(mapping, rule) else False
    if node.kind == "list" and not plural:
        yield _fault(mapping, rule, "MAP_TYPE", f"{rule.name}: {path!r} is a list; use each")
    name = rule.table or rule.rank
    if name is not None and node.item.enum:
        reading = codes.tables[name].reading()
        nulls = mapping.nulls_of(rule)
        lacking = [code for code in node.item.enum if code not in reading and code not in nulls]
        if lacking:
            text = f"{rule.name}: the table {name!r} does not know {', '.join(lacking[:8])} of {path!r}"
            yield _fault(mapping, rule, "MAP_CODES", text)


def _is_top(mapping: MessageMapping, rule: Rule) -> bool:
    return any(rule is known for section in mapping.sections for known in section.rules)
