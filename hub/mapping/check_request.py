"""A request against the contract of what it writes: fields, kinds, lengths, codes, and what the contract demands."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hub.errors import Fault
from hub.mapping.canonical import article
from hub.mapping.codes import Codes
from hub.mapping.contract import ContractNode
from hub.mapping.flow import Flow, flow
from hub.mapping.model import MessageMapping, Names, Rule
from hub.mapping.places import placed, rule_fault


class Requested:
    """One request while it is checked."""

    def __init__(self, mapping: MessageMapping, codes: Codes) -> None:
        self._mapping, self._codes = mapping, codes
        self._sure: set[Names] = {()}
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
            ours = "a list" if made.is_list else article(made.kind)
            text = f"{path!r} is {article(node.kind)} in the contract, the rule makes {ours}"
            yield self._fault(rule, "MAP_TYPE", text)
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
        charset = self._mapping.charset
        if isinstance(rule.const, str):
            sizes: tuple[int | None, ...] = (len(rule.const), len(rule.const.encode(charset, "replace")))
        else:
            widest = 4 if charset in {"utf-8", "gb18030"} else 2
            plain = rule.table is not None and not rule.functions  # codes are ASCII
            sizes = (_longest(rule, made, 1), _longest(rule, made, 1 if plain else widest))
        limits = (("characters", "max_chars", node.max_length), ("bytes", "max_bytes", node.max_bytes))
        for (unit, key, most), longest in zip(limits, sizes, strict=True):
            if most is None:
                continue
            if longest is None:
                text = f"{path!r} may have {most} {unit} and nothing bounds the value; add {key}: {most}"
                yield self._fault(rule, "MAP_UNBOUNDED", text)
            elif longest > most:
                text = f"{path!r} may have {most} {unit}, the rule may write {longest}; use {key}: {most}"
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
            alone = node.kind != "list" and self._stands_alone(prefix, path)
            if child.required and path not in self._sure and not alone:
                yield self._lacking(path)
            if path in self._set:
                yield from self._demanded(child, path)

    def _stands_alone(self, parent: Names, path: Names) -> bool:
        """Whether the parent exists only if this field does, because nothing else is ever set in it."""
        inside = [names for names in self._set if len(names) > len(parent) and names[: len(parent)] == parent]
        return parent not in self._sure and bool(inside) and all(names[: len(path)] == path for names in inside)

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
        return rule_fault(self._mapping, rule, code, message)


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


def _longest(rule: Rule, made: Flow, widest: int) -> int | None:
    """The longest text that a rule can write, if anything bounds it; `widest` is the size of a character."""
    bounds = [size * widest for size in (made.longest, rule.max_chars) if size is not None]
    if rule.max_bytes is not None:
        bounds.append(rule.max_bytes)
    if not bounds:
        return None
    return max(min(bounds), len(rule.default) if isinstance(rule.default, str) else 0)
