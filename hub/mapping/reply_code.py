"""Generates the function that reads a message: every value checked and converted to the type of its canonical field."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from hub.mapping.canonical import Shape
from hub.mapping.codes import Codes, Table
from hub.mapping.flow import Scope
from hub.mapping.functions import FUNCTIONS
from hub.mapping.model import ABSENT, Guard, MessageMapping, Names, Rule
from hub.mapping.moments import Reader, parse_format
from hub.mapping.paths import Ref
from hub.mapping.runtime import Program, Site
from hub.mapping.writer import Line, Writer

_CONVERT = {
    "text": "as_text",
    "integer": "as_integer",
    "decimal": "as_decimal",
    "boolean": "as_boolean",
    "datetime": "as_moment",
}


def compile_reply(mapping: MessageMapping, codes: Codes) -> Program:
    """Write and compile the function of a reply."""
    return _Reply(mapping, codes).program()


@dataclass(frozen=True, slots=True)
class _Frame:
    """One level of generated code: the wire object it reads, the arguments it fills, and where it is on the wire."""

    scope: Scope
    here: str
    filled: str
    where: str = ""
    index: str = ""
    aliases: dict[Names, str] = field(default_factory=dict)

    def site(self, rule: Rule) -> Site:
        wire = ", ".join(self.where + str(ref) if ref.root == "here" else str(ref) for ref in rule.canonical)
        return Site(wire or rule.name, "", rule.table)


class _Reply:
    def __init__(self, mapping: MessageMapping, codes: Codes) -> None:
        self._mapping, self._codes = mapping, codes
        self._writer = Writer("def read(t, env):")

    def program(self) -> Program:
        frame = _Frame(Scope.of(self._mapping, self._codes), "t", "k")
        self._writer.line("k = {}")
        main, *groups = self._mapping.sections
        self._rules(main.rules, frame)
        for group in groups:
            conditions = self._conditions(group.guard, frame)
            with self._writer.block(f"if {' and '.join(conditions)}:"):
                self._writer.line("pass")
                self._rules(group.rules, _Frame(frame.scope, "t", "k", aliases=dict(frame.aliases)))
        model = self._writer.constant("m", self._mapping.model)
        self._writer.line(f"return {model}(**k)", Site(self._mapping.name))
        return self._writer.program(f"<mapping {self._mapping.file}>", "read")

    def _rules(self, rules: tuple[Rule, ...], frame: _Frame) -> None:
        for rule in rules:
            conditions = self._conditions(rule.guard, frame)
            target = f"{frame.filled}[{rule.target[0]!r}]"
            shape = frame.scope.target(rule)
            if rule.const is not ABSENT:
                self._writer.line(f"{target} = {self._constant(rule.const, shape)}", frame.site(rule), conditions)
            elif rule.each is not None:
                self._each(rule, target, conditions, frame)
            else:
                self._value(rule, target, conditions, frame)

    def _value(self, rule: Rule, target: str, conditions: tuple[str, ...], frame: _Frame) -> None:
        shape = frame.scope.target(rule)
        nulls = self._writer.constant("n", self._mapping.nulls_of(rule))
        expressions = [self._wire(ref, frame) for ref in rule.sources]
        if shape.kind == "list" and shape.item is not None:
            whole = " or ".join(f"items({expression})" for expression in expressions)
            made = f"tuple({self._converted(rule, shape.item, 'w')} for w in {whole} if given(w, {nulls}) is not None)"
            lines: list[Line] = [(0, f"v = {made}")]
            store, tests = f"{target} = v", ("not v", "v")
        else:
            lines = [(0, f"v = given({expressions[0]}, {nulls})")]
            for expression in expressions[1:]:
                lines += [(0, "if v is None:"), (1, f"v = given({expression}, {nulls})")]
            store, tests = f"{target} = {self._converted(rule, shape, 'v')}", ("v is None", "v is not None")
        lines += self._settled(rule, shape, tests, store, target)
        self._writer.lines(lines, frame.site(rule), conditions)

    def _settled(self, rule: Rule, shape: Shape, tests: tuple[str, str], store: str, target: str) -> list[Line]:
        absent, present = tests
        if rule.default is not ABSENT:
            default = f"{target} = {self._constant(rule.default, shape)}"
            return [(0, f"if {absent}:"), (1, default), (0, "else:"), (1, store)]
        if rule.required or shape.required:
            return [(0, f"if {absent}:"), (1, "raise missing()"), (0, store)]
        return [(0, f"if {present}:"), (1, store)]

    def _each(self, rule: Rule, target: str, conditions: tuple[str, ...], frame: _Frame) -> None:
        if rule.each is None:
            return
        made, raw, item, index, filled = (self._writer.fresh(prefix) for prefix in "rwxik")
        site = frame.site(rule)
        inner_scope = frame.scope.inside(rule)
        model = self._writer.constant("m", inner_scope.here.models[0])
        self._writer.line(f"{made} = []", site, conditions)
        header = f"for {index}, {raw} in enumerate(items({self._wire(rule.each.source, frame)}), 1):"
        with self._writer.block(header, site, conditions):
            where = f"{frame.where}{rule.each.source}[{{{index}}}]."
            inner = _Frame(inner_scope, item, filled, where, index)
            self._writer.line(f"{item} = obj({raw})", Site(where[:-1]))
            passing = self._conditions(rule.each.where, inner)
            if passing:
                self._writer.line(f"if not ({' and '.join(passing)}):", Site(where[:-1]))
                self._writer.line("    continue")
            self._writer.line(f"{filled} = {{}}")
            self._rules(rule.each.rules, inner)
            self._writer.line(f"{made}.append({model}(**{filled}))", Site(where[:-1]))
        shape = frame.scope.target(rule)
        lines = self._settled(rule, shape, (f"not {made}", made), f"{target} = tuple({made})", target)
        self._writer.lines(lines, site, conditions)

    def _conditions(self, guard: Guard, frame: _Frame) -> tuple[str, ...]:
        nulls = self._writer.constant("n", self._mapping.null_values)
        found = [f"given({self._wire(ref, frame)}, {nulls}) is not None" for ref in guard.when]
        found += [f"given({self._wire(ref, frame)}, {nulls}) is None" for ref in guard.unless]
        found += [f"code({self._wire(only.ref, frame)}) in {only.values!r}" for only in guard.only]
        return tuple(found)

    def _wire(self, ref: Ref, frame: _Frame) -> str:
        """An expression for the value at a wire path; objects on the way are bound once, in lines before."""
        if ref.root == "now":
            return "env.now"
        if ref.root == "index":
            return frame.index
        if ref.root == "root":
            return self._nested("t", ref.parts)
        if ref.root != "here":
            return f"env.{ref.root}.get({ref.parts[0]!r})"
        for end in range(1, len(ref.parts)):
            self._bind(ref.parts[:end], frame)
        parent = frame.aliases[ref.parts[:-1]] if len(ref.parts) > 1 else frame.here
        return f"{parent}.get({ref.parts[-1]!r})"

    def _bind(self, names: Names, frame: _Frame) -> None:
        if names in frame.aliases:
            return
        parent = frame.aliases[names[:-1]] if len(names) > 1 else frame.here
        variable = frame.aliases[names] = self._writer.fresh("a")
        place = Site(frame.where + ".".join(names))
        self._writer.line(f"{variable} = obj({parent}.get({names[-1]!r}))", place)

    def _nested(self, start: str, names: Names) -> str:
        value = start
        for name in names[:-1]:
            value = f"obj({value}.get({name!r}))"
        return f"{value}.get({names[-1]!r})"

    def _converted(self, rule: Rule, shape: Shape, value: str) -> str:
        """The value through table, rank or format, then functions, then into the type of the canonical field."""
        if rule.table is not None:
            table = self._writer.constant("t", _reading(self._codes.tables[rule.table], shape))
            if rule.unmapped is None:
                value = f"lookup({table}, {rule.table!r}, {value})"
            else:
                other = None if rule.unmapped == "absent" else self._constant(rule.unmapped, shape)
                value = f"{table}.get(as_text({value}), {other})"
        if rule.rank is not None:
            table = self._writer.constant("t", self._codes.tables[rule.rank].ranks())
            value = f"lookup({table}, {rule.rank!r}, {value})"
        if rule.format is not None:
            reader = Reader(parse_format(rule.format), self._mapping.zone_of(rule), only_date=shape.kind == "date")
            value = f"{self._writer.constant('d', reader)}({value})"
        for call in rule.functions:
            function = FUNCTIONS["reply"][call.name]
            argument = "" if call.argument is None else f", {call.argument!r}"
            value = f"{self._writer.constant(f'f_{call.name}', function.call)}({value}{argument})"
        if rule.table is not None or rule.format is not None:
            return value
        if shape.kind == "date":
            zone = ZoneInfo(self._mapping.zone_of(rule) or "UTC")
            return f"as_moment({value}).astimezone({self._writer.constant('z', zone)}).date()"
        return f"{_CONVERT[shape.kind]}({value})" if shape.kind in _CONVERT else value

    def _constant(self, value: Any, shape: Shape) -> str:
        if value == ():
            return "()"
        if shape.enum is not None:
            return self._writer.constant("c", shape.enum(value))
        return repr(value)


def _reading(table: Table, shape: Shape) -> dict[str, Any]:
    enum = shape.enum
    return {
        wire: enum(canonical) if enum is not None and canonical is not None else canonical
        for wire, canonical in table.reading().items()
    }
