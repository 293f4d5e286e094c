"""Generates the function that writes a message: direct attribute access, guards only where something may be absent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from hub.mapping.canonical import Shape
from hub.mapping.codes import Codes
from hub.mapping.flow import Scope, request_flow
from hub.mapping.functions import FUNCTIONS
from hub.mapping.model import ABSENT, Guard, MessageMapping, Names, Rule, Section
from hub.mapping.moments import parse_format
from hub.mapping.paths import Ref
from hub.mapping.runtime import Program, Site
from hub.mapping.writer import Writer

_ASCII_BASED = frozenset({"utf-8", "gbk", "gb2312", "gb18030", "big5", "ascii"})


def compile_request(mapping: MessageMapping, codes: Codes) -> Program:
    """Write and compile the function of a request."""
    return _Request(mapping, codes).program()


@dataclass(frozen=True, slots=True)
class _Frame:
    """One level of generated code: the variables of its source, of its wire objects, and where they are on the wire."""

    scope: Scope
    here: str
    where: str = ""
    index: str = ""
    aliases: dict[tuple[str, Names], str] = field(default_factory=dict)
    objects: dict[Names, str] = field(default_factory=dict)

    def nested(self) -> _Frame:
        """A block inside: what it declares is not known outside."""
        return replace(self, aliases=dict(self.aliases), objects=dict(self.objects))

    def site(self, rule: Rule) -> Site:
        origin = ", ".join(str(ref) for ref in rule.canonical)
        return Site(self.where + rule.name, origin, rule.table)


class _Request:
    def __init__(self, mapping: MessageMapping, codes: Codes) -> None:
        self._mapping, self._codes = mapping, codes
        self._writer = Writer("def write(s, env):")

    def program(self) -> Program:
        frame = _Frame(Scope.of(self._mapping, self._codes), "s")
        main, *groups = self._mapping.sections
        shared = _shared_objects(self._mapping.sections)
        guards = tuple(Rule((), 0, "", group.guard) for group in groups)
        self._aliases((*main.rules, *guards), frame)
        doubtful = self._rules(main.rules, frame, shared)
        for group in groups:
            self._group(group, frame)
        self._drop_empty(doubtful, frame)
        self._writer.line(f"return {frame.objects[()]}")
        return self._writer.program(f"<mapping {self._mapping.file}>", "write")

    def _group(self, group: Section, frame: _Frame) -> None:
        conditions = self._conditions(group.guard, frame)
        with self._writer.block(f"if {' and '.join(conditions)}:"):
            inner = frame.nested()
            self._aliases(group.rules, inner)
            if not group.rules:
                self._writer.line("pass")
            self._drop_empty(self._rules(group.rules, inner), inner)

    def _rules(self, rules: tuple[Rule, ...], frame: _Frame, extra: tuple[Names, ...] = ()) -> list[Names]:
        """Emit rules in order; returns the objects that may stay empty."""
        done: set[Names] = set()
        created: list[Names] = []
        if () not in frame.objects:
            frame.objects[()] = variable = self._writer.fresh("o")
            self._literal(f"{variable} = ", (), rules, frame, done)
        for rule in rules:
            created += self._objects(rule.target[:-1], rules, frame, done)
            if rule.target not in done:
                self._rule(rule, frame)
        for names in extra:
            created += self._objects(names, (), frame, done)
        sure = {rule.target[:end] for rule in rules if self._is_sure(rule, frame) for end in range(1, len(rule.target))}
        return [names for names in created if names not in sure]

    def _objects(self, names: Names, rules: tuple[Rule, ...], frame: _Frame, done: set[Names]) -> list[Names]:
        """Create the wire objects down to `names`, each with its leading sure fields as one literal."""
        created = []
        for end in range(1, len(names) + 1):
            path = names[:end]
            if path in frame.objects:
                continue
            frame.objects[path] = variable = self._writer.fresh("o")
            self._literal(f"{frame.objects[path[:-1]]}[{path[-1]!r}] = {variable} = ", path, rules, frame, done)
            created.append(path)
        return created

    def _literal(self, assign: str, path: Names, rules: tuple[Rule, ...], frame: _Frame, done: set[Names]) -> None:
        entries = []
        for rule in rules:
            if rule.target[: len(path)] != path:
                continue
            expression = self._inline(rule, frame) if len(rule.target) == len(path) + 1 else None
            if expression is None:
                break
            entries.append((f"    {rule.target[-1]!r}: {expression},", frame.site(rule)))
            done.add(rule.target)
        self._writer.line(f"{assign}{{" if entries else f"{assign}{{}}")
        for text, site in entries:
            self._writer.line(text, site)
        if entries:
            self._writer.line("}")

    def _drop_empty(self, names: list[Names], frame: _Frame) -> None:
        for path in sorted(names, key=len, reverse=True):
            self._writer.line(f"if not {frame.objects[path]}:")
            self._writer.line(f"    del {frame.objects[path[:-1]]}[{path[-1]!r}]")

    def _is_sure(self, rule: Rule, frame: _Frame) -> bool:
        return not request_flow(rule, frame.scope).absent

    def _inline(self, rule: Rule, frame: _Frame) -> str | None:
        """The rule as one expression, if its value is always there."""
        if rule.guard:
            return None
        if rule.const is not ABSENT:
            return repr(rule.const)
        if rule.each or len(rule.sources) > 1:
            return None
        flow = request_flow(rule, frame.scope)
        along = frame.scope.along(rule.sources[0])
        if flow.is_list or rule.join is not None or any(shape.optional for shape in along):
            return None
        return self._steps(rule, flow.sources[0], self._leaf(rule.sources[0], frame))

    def _rule(self, rule: Rule, frame: _Frame) -> None:
        target = f"{frame.objects[rule.target[:-1]]}[{rule.target[-1]!r}]"
        conditions = self._conditions(rule.guard, frame)
        site = frame.site(rule)
        inline = self._inline(replace(rule, guard=Guard()), frame)
        if inline is not None:
            self._writer.line(f"{target} = {inline}", site, conditions)
        elif rule.each is not None:
            self._each(rule, target, conditions, frame)
        elif request_flow(rule, frame.scope).is_list or rule.join is not None:
            self._list(rule, target, conditions, frame)
        else:
            self._optional(rule, target, conditions, frame)

    def _optional(self, rule: Rule, target: str, conditions: tuple[str, ...], frame: _Frame) -> None:
        """A value that may be absent."""
        flow = request_flow(rule, frame.scope)
        written = self._steps(rule, flow.sources[0], "v")
        first, *others = rule.sources
        guard = self._container(first, frame)
        if not others and not rule.required and rule.default is ABSENT:
            lines = [(0, f"if (v := {self._leaf(first, frame)}) is not None:"), (1, f"{target} = {written}")]
            along = frame.scope.along(first)
            if not any(shape.optional for shape in (along if first.root == "root" else along[-1:])):
                lines = [(0, f"{target} = {self._steps(rule, flow.sources[0], self._leaf(first, frame))}")]
            held = tuple(dict.fromkeys((*conditions, f"{guard} is not None"))) if guard else conditions
            self._writer.lines(lines, frame.site(rule), held)
            return
        lines = [(0, f"v = {self._whole(first, frame)}")]
        for ref in others:
            lines += [(0, "if v is None:"), (1, f"v = {self._whole(ref, frame)}")]
        lines += _settled(rule, "v is None", "v is not None", f"{target} = {written}", target)
        self._writer.lines(lines, frame.site(rule), conditions)

    def _list(self, rule: Rule, target: str, conditions: tuple[str, ...], frame: _Frame) -> None:
        """A list of plain values, or the text that join makes of it."""
        flow = request_flow(rule, frame.scope)
        whole = " or ".join(f"({self._whole(ref, frame)})" for ref in rule.sources)
        items = replace(rule, join=None, pad=None, max_bytes=None, max_chars=None) if rule.join is not None else rule
        made = f"[{self._steps(items, flow.sources[0], 'w')} for w in {whole} or ()]"
        value = "r"
        if rule.join is not None:
            value = self._limits(rule, f"{rule.join!r}.join(r)")
        lines = [(0, f"r = {made}"), *_settled(rule, "not r", "r", f"{target} = {value}", target)]
        self._writer.lines(lines, frame.site(rule), conditions)

    def _each(self, rule: Rule, target: str, conditions: tuple[str, ...], frame: _Frame) -> None:
        if rule.each is None:
            return
        made, item, index = (self._writer.fresh(prefix) for prefix in "rxi")
        site = frame.site(rule)
        self._writer.line(f"{made} = []", site, conditions)
        with self._writer.block(f"for {item} in {self._whole(rule.each.source, frame)} or ():", site, conditions):
            where = f"{site.where}[{{{index}}}]."
            inner = _Frame(frame.scope.inside(rule), item, where, index)
            self._item(rule.each.rules, rule.each.where, inner, made)
        self._writer.lines(_settled(rule, f"not {made}", made, f"{target} = {made}", target), site, conditions)

    def _item(self, rules: tuple[Rule, ...], where: Guard, frame: _Frame, made: str) -> None:
        self._aliases((Rule((), 0, "", where),), frame)
        passing = self._conditions(where, frame)
        with self._writer.block(f"if {' and '.join(passing)}:") if passing else nullcontext():
            inner = frame.nested()
            self._aliases(rules, inner)
            self._writer.line(f"{inner.index} = len({made}) + 1")
            self._drop_empty(self._rules(rules, inner), inner)
            self._writer.line(f"{made}.append({inner.objects[()]})")

    def _conditions(self, guard: Guard, frame: _Frame) -> tuple[str, ...]:
        found = [self._presence(ref, frame, present=True) for ref in guard.when]
        found += [self._presence(ref, frame, present=False) for ref in guard.unless]
        for condition in guard.only:
            values = condition.values
            test = f"== {values[0]!r}" if len(values) == 1 else f"in {values!r}"
            found.append(f"{self._whole(condition.ref, frame)} {test}")
        return tuple(found)

    def _presence(self, ref: Ref, frame: _Frame, *, present: bool) -> str:
        whole = self._whole(ref, frame)
        if frame.scope.along(ref)[-1].kind == "list":
            return whole if present else f"not {whole}"
        return f"{whole} is {'not ' if present else ''}None"

    def _aliases(self, rules: tuple[Rule, ...], frame: _Frame) -> None:
        """Bind every object on the way to a value once."""
        for ref in _refs(rules):
            if ref.root != "here":
                continue
            along = frame.scope.along(ref)
            for end in range(1, len(ref.parts)):
                self._alias(ref.parts[:end], along, frame)

    def _alias(self, names: Names, along: tuple[Shape, ...], frame: _Frame) -> None:
        key = (frame.here, names)
        if key in frame.aliases:
            return
        parent = frame.aliases[frame.here, names[:-1]] if len(names) > 1 else frame.here
        value = _attribute(parent, names[-1], along[len(names) - 1])
        last = _last_optional(along[: len(names) - 1])
        if last:
            value = f"{value} if {frame.aliases[frame.here, names[:last]]} is not None else None"
        variable = frame.aliases[key] = self._writer.fresh("a")
        self._writer.line(f"{variable} = {value}")

    def _container(self, ref: Ref, frame: _Frame) -> str | None:
        """The variable that must not be None before the leaf can be read."""
        if ref.root != "here" or len(ref.parts) < 2:
            return None
        last = _last_optional(frame.scope.along(ref)[:-1])
        return frame.aliases[frame.here, ref.parts[:last]] if last else None

    def _leaf(self, ref: Ref, frame: _Frame) -> str:
        """An expression for the value, if its container is there."""
        if ref.root == "now":
            return "env.now"
        if ref.root == "index":
            return frame.index
        if ref.root == "root":
            return _chain(ref.parts, frame.scope.along(ref))
        if ref.root != "here":
            return f"env.{ref.root}.get({ref.parts[0]!r})"
        known = frame.aliases.get((frame.here, ref.parts))
        if known is not None:
            return known
        parent = frame.aliases[frame.here, ref.parts[:-1]] if len(ref.parts) > 1 else frame.here
        return _attribute(parent, ref.parts[-1], frame.scope.along(ref)[-1])

    def _whole(self, ref: Ref, frame: _Frame) -> str:
        """An expression for the value that is None when anything on the way is absent."""
        container = self._container(ref, frame)
        leaf = self._leaf(ref, frame)
        return f"({leaf} if {container} is not None else None)" if container else leaf

    def _steps(self, rule: Rule, shape: Shape, value: str) -> str:
        """The value through table, format, functions, padding and limits, as one expression."""
        kind = shape.kind
        if shape.enum is not None:
            value = f"{value}._value_"  # `.value` is a slow property, and the hash of an enum is slow too
        if rule.table is not None:
            value = self._looked_up(rule, shape, value)
        if rule.format is not None:
            value = self._formatted(rule, kind, value)
        for call in rule.functions:
            function = FUNCTIONS["request"][call.name]
            argument = "" if call.argument is None else f", {call.argument!r}"
            value = f"{self._writer.constant(f'f_{call.name}', function.call)}({value}{argument})"
        return self._limits(rule, value)

    def _looked_up(self, rule: Rule, shape: Shape, value: str) -> str:
        entries = self._codes.tables[rule.table or ""].writing()
        if shape.kind == "boolean":
            by_flag = {key == "true": wire for key, wire in entries.items()}
            return f"{self._writer.constant('t', by_flag)}[{value}]"
        key = value if shape.kind == "text" else f"as_text({value})"
        return f"{self._writer.constant('t', entries)}[{key}]"

    def _formatted(self, rule: Rule, kind: str, value: str) -> str:
        zone = self._mapping.zone_of(rule)
        if kind != "date" and zone is not None:
            name = self._writer.constant("z", ZoneInfo(zone))
            value = f"{value}.astimezone({name})" if kind == "datetime" else f"local({value}, {name})"
        return parse_format(rule.format).source(value)

    def _limits(self, rule: Rule, value: str) -> str:
        if rule.pad is not None:
            value = f"pad({value}, {rule.pad.width}, {rule.pad.fill!r}, {rule.pad.side!r})"
        if rule.max_bytes is not None:
            value = self._max_bytes(rule.max_bytes, value)
        if rule.max_chars is not None:
            value = f"shorter({value}, {rule.max_chars})"
        return value

    def _max_bytes(self, most: int, value: str) -> str:
        charset = self._mapping.charset
        if charset not in _ASCII_BASED:
            return f"limit({value}, {most}, {charset!r})"
        bound = "v" if value == "v" else f"(v := {value})"
        return f"v if {bound}.isascii() and len(v) <= {most} else limit(v, {most}, {charset!r})"


def _settled(rule: Rule, absent: str, present: str, store: str, target: str) -> list[tuple[int, str]]:
    """Store the value; or, when it is absent, do what the rule says."""
    if rule.required:
        return [(0, f"if {absent}:"), (1, "raise missing()"), (0, store)]
    if rule.default is ABSENT:
        return [(0, f"if {present}:"), (1, store)]
    default = "[]" if rule.default == () else repr(rule.default)
    return [(0, f"if {absent}:"), (1, f"{target} = {default}"), (0, "else:"), (1, store)]


def _last_optional(along: tuple[Shape, ...]) -> int:
    """How many names lead to the last object on the way that may be absent; later ones are there if it is."""
    return max((end for end, shape in enumerate(along, 1) if shape.optional), default=0)


def _attribute(parent: str, name: str, shape: Shape) -> str:
    return f"getattr({parent}, {name!r}, None)" if shape.partial else f"{parent}.{name}"


def _chain(parts: Names, along: tuple[Shape, ...]) -> str:
    """A path from the root, read inside a loop, None when anything on the way is absent."""
    value, doubtful = "s", False
    for name, shape in zip(parts, along, strict=True):
        value = f"getattr({value}, {name!r}, None)" if doubtful or shape.partial else f"{value}.{name}"
        doubtful = doubtful or shape.optional
    return value


def _refs(rules: tuple[Rule, ...]) -> Iterator[Ref]:
    for rule in rules:
        yield from rule.guard.refs
        yield from rule.canonical


def _shared_objects(sections: tuple[Section, ...]) -> tuple[Names, ...]:
    """Wire objects that more than one group adds to: they are made before the groups."""
    seen: dict[Names, int] = {}
    for section in sections[1:]:
        for names in {rule.target[:end] for rule in section.rules for end in range(1, len(rule.target))}:
            seen[names] = seen.get(names, 0) + 1
    return tuple(sorted(names for names, count in seen.items() if count > 1))
