"""What kind of value each rule makes, judged against the canonical model before anything runs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode
from hub.mapping import canonical
from hub.mapping.canonical import Shape, article
from hub.mapping.codes import Codes, Table
from hub.mapping.functions import FUNCTIONS, MONEY
from hub.mapping.model import ABSENT, Direction, Guard, Kind, MessageMapping, Rule
from hub.mapping.moments import parse_format
from hub.mapping.paths import Ref

_SCALARS: dict[type, Kind] = {str: "text", int: "integer", bool: "boolean"}


class Wrong(ValueError):
    """A rule that cannot work; `rule` names the kind of fault."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a rule stands: its message, the tables, and the canonical object that its paths (or targets) belong to."""

    mapping: MessageMapping
    codes: Codes
    root: Shape
    here: Shape

    @staticmethod
    def of(mapping: MessageMapping, codes: Codes) -> Scope:
        shape = canonical.of_model(mapping.model)
        return Scope(mapping, codes, shape, shape)

    @property
    def direction(self) -> Direction:
        return self.mapping.direction

    def along(self, ref: Ref) -> tuple[Shape, ...]:
        """The shapes along a reference; those of the wire and of the environment are not known here."""
        if ref.root == "now":
            return (Shape("datetime"),)
        if ref.root == "index":
            return (Shape("integer"),)
        if ref.root not in {"here", "root"} or self.direction == "reply":
            return (canonical.ANY,)
        found = canonical.walk(self.root if ref.root == "root" else self.here, ref.parts)
        if isinstance(found, str):
            raise Wrong("MAP_PATH", found)
        return found

    def inside(self, rule: Rule) -> Scope:
        """The scope of the rules inside an `each`."""
        if rule.each is None:
            raise Wrong("MAP_TYPE", "this rule has no each")
        found = self.target(rule) if self.direction == "reply" else self.along(rule.each.source)[-1]
        if found.item is None or found.item.kind != "object":
            side = rule.target[0] if self.direction == "reply" else str(rule.each.source)
            raise Wrong("MAP_TYPE", f"{side!r} is no list of objects")
        return replace(self, here=found.item)

    def target(self, rule: Rule) -> Shape:
        """The canonical field that a reply's rule fills."""
        found = canonical.walk(self.here, rule.target)
        if isinstance(found, str):
            raise Wrong("MAP_PATH", found)
        return found[-1]

    def table(self, name: str, *, writes: bool) -> Table:
        table = self.codes.tables.get(name)
        if table is None:
            raise Wrong("MAP_CODES", f"codes.yaml has no table {name!r}")
        if not (table.writes if writes else table.reads):
            raise Wrong("MAP_CODES", f"the table {name!r} works only the other way")
        return table


@dataclass(frozen=True, slots=True)
class Flow:
    """What comes out of a rule: its kind, whether it is a list, whether it may be absent, its known length."""

    kind: Kind
    is_list: bool = False
    absent: bool = False
    longest: int | None = None
    sources: tuple[Shape, ...] = ()


def request_flow(rule: Rule, scope: Scope) -> Flow:
    """Judge a rule that writes. Raises Wrong."""
    judge_guard(rule.guard, scope)
    if rule.const is not ABSENT:
        longest = len(rule.const) if isinstance(rule.const, str) else None
        return Flow(_SCALARS[type(rule.const)], absent=bool(rule.guard), longest=longest)
    unsure = bool(rule.guard) or (not rule.required and rule.default is ABSENT)
    if rule.each is not None:
        inner = scope.inside(rule)
        judge_guard(rule.each.where, inner)
        return Flow("list", is_list=True, absent=unsure)
    shapes = tuple(_value_shape(ref, scope) for ref in rule.sources)
    first = shapes[0]
    if any((shape.kind, shape.enum is None) != (first.kind, first.enum is None) for shape in shapes):
        raise Wrong("MAP_TYPE", "first names values of different kinds")
    is_list = any(scope.along(ref)[-1].kind == "list" for ref in rule.sources)
    sure = any(not any(shape.optional for shape in scope.along(ref)) for ref in rule.sources) and not is_list
    flow = Flow(first.kind, is_list, bool(rule.guard) or (not sure and unsure), first.max_length, shapes)
    return _judge_default(rule, _write_steps(rule, scope, flow))


def _value_shape(ref: Ref, scope: Scope) -> Shape:
    shape = scope.along(ref)[-1]
    inner = shape.item if shape.kind == "list" and shape.item else shape
    if inner.kind == "object":
        hint = "use each" if shape.kind == "list" else "name one of its fields"
        raise Wrong("MAP_TYPE", f"{str(ref)!r} is {article(shape.kind)}; {hint}")
    return inner


def _write_steps(rule: Rule, scope: Scope, flow: Flow) -> Flow:
    kind, longest = flow.kind, flow.longest
    if rule.table is not None:
        table = scope.table(rule.table, writes=True)
        if kind not in {"text", "boolean", "integer", "any"}:
            raise Wrong("MAP_TYPE", f"a table takes codes, and this is {article(kind)}")
        if kind == "boolean" and not set(table.entries) <= {"true", "false"}:
            raise Wrong("MAP_CODES", f'the keys of the table {rule.table!r} must be "true" and "false"')
        kind, longest = "text", max(map(len, table.writing().values()), default=0)
    if rule.format is not None:
        kind, longest = "text", _judge_format(rule, scope, kind)
    kind, longest = _judge_functions(rule, "request", kind, longest)
    if kind in {"date", "datetime", "bytes"}:
        needed = "fn: base64" if kind == "bytes" else "a format"
        raise Wrong("MAP_TYPE", f"{article(kind)} needs {needed} to be written")
    is_list = flow.is_list
    if rule.join is not None:
        if not is_list or kind != "text":
            raise Wrong("MAP_TYPE", "join takes a list of text")
        is_list, longest = False, None
    if (rule.pad or rule.max_bytes or rule.max_chars) and kind not in {"text", "any"}:
        raise Wrong("MAP_TYPE", f"pad and max take text, and this is {article(kind)}; use fn: text before")
    if rule.pad:
        longest = rule.pad.width
    return replace(flow, kind=kind, is_list=is_list, longest=longest)


def _judge_format(rule: Rule, scope: Scope, kind: Kind) -> int:
    form = parse_format(rule.format)
    if kind not in {"date", "datetime", "any"}:
        raise Wrong("MAP_TYPE", f"a format takes dates and times, and this is {article(kind)}")
    if kind == "date" and form.has_time:
        raise Wrong("MAP_TYPE", "the format asks for a time and this is only a date")
    if kind != "date" and scope.mapping.zone_of(rule) is None:
        raise Wrong("MAP_TYPE", "a time needs a zone, here or for the whole file")
    return len(form.text) + 2 * form.text.count("%Y")


def _judge_functions(rule: Rule, direction: Direction, kind: Kind, longest: int | None) -> tuple[Kind, int | None]:
    for call in rule.functions:
        function = FUNCTIONS[direction].get(call.name)
        if function is None:
            known = ", ".join(sorted(FUNCTIONS[direction]))
            raise Wrong("MAP_FUNCTION", f"there is no function {call.name!r} for a {direction}; there are {known}")
        if kind not in function.takes:
            raise Wrong("MAP_FUNCTION", f"{call.name} does not take {article(kind)}")
        argument = call.argument
        if function.argument is None and argument is not None:
            raise Wrong("MAP_FUNCTION", f"{call.name} has no argument")
        if function.argument is int and (not isinstance(argument, int) or isinstance(argument, bool) or argument < 1):
            raise Wrong("MAP_FUNCTION", f"{call.name} needs a number: {{{call.name}: 6}}")
        if function.argument is str and not (isinstance(argument, str) and argument):
            raise Wrong("MAP_FUNCTION", f'{call.name} needs a text: {{{call.name}: "…"}}')
        keeps = call.name in {"strip", "digits", "halfwidth"}
        longest = argument if isinstance(argument, int) else longest if keeps else None
        kind = function.gives
    return kind, longest


def _judge_default(rule: Rule, flow: Flow) -> Flow:
    if rule.default is ABSENT:
        return flow
    if rule.required:
        raise Wrong("MAP_TYPE", "a rule with a default is never missing: drop required")
    if rule.default == ():
        if not flow.is_list:
            raise Wrong("MAP_TYPE", "the default [] is for lists")
    elif flow.is_list or flow.kind not in {"any", "decimal", _SCALARS[type(rule.default)]}:
        raise Wrong(
            "MAP_TYPE", f"the default is {article(_SCALARS[type(rule.default)])}, the value {article(flow.kind)}"
        )
    return flow


def judge_guard(guard: Guard, scope: Scope) -> None:
    for ref in (*guard.when, *guard.unless):
        along = scope.along(ref)
        if not any(shape.optional or shape.kind == "list" for shape in along):
            raise Wrong("MAP_TYPE", f"{str(ref)!r} is always present")
    for condition in guard.only:
        shape = scope.along(condition.ref)[-1]
        for value in condition.values:
            if scope.direction == "reply" and not isinstance(value, str):
                raise Wrong("MAP_TYPE", f"compare {str(condition.ref)!r} with quoted text")
            if shape.kind not in {"any", _SCALARS[type(value)]}:
                raise Wrong(
                    "MAP_TYPE", f"{str(condition.ref)!r} is {article(shape.kind)}; quote or unquote the constant"
                )
            if shape.values and value not in shape.values:
                raise Wrong("MAP_CODES", f"{str(condition.ref)!r} is never {value!r}")


def reply_flow(rule: Rule, scope: Scope) -> Flow:
    """Judge a rule that reads. Raises Wrong."""
    judge_guard(rule.guard, scope)
    target = scope.target(rule)
    absent = bool(rule.guard) or (not rule.required and rule.default is ABSENT and rule.const is ABSENT)
    if rule.each is not None:
        judge_guard(rule.each.where, scope.inside(rule))
        return Flow("list", is_list=True, absent=absent)
    value = target.item if target.kind == "list" and target.item else target
    if value.kind == "object":
        raise Wrong("MAP_TYPE", f"{rule.name!r} is a list of objects; use each")
    for constant in (rule.const, rule.default):
        _judge_constant(constant, value)
    if rule.const is ABSENT:
        _read_steps(rule, scope, value)
    return Flow(value.kind, target.kind == "list", absent, None, (value,))


def _judge_constant(constant: object, target: Shape) -> None:
    if constant is ABSENT or constant == ():
        return
    if target.kind != _SCALARS[type(constant)] or (target.values and constant not in target.values):
        raise Wrong("MAP_TYPE", f"the constant is no {'code' if target.values else target.kind} of this field")


def _read_steps(rule: Rule, scope: Scope, target: Shape) -> None:
    if rule.unmapped is not None and rule.table is None:
        raise Wrong("MAP_CODES", "unmapped goes with a table")
    if sum(step is not None for step in (rule.table, rule.rank, rule.format)) > 1:
        raise Wrong("MAP_TYPE", "a rule has one of table, rank and format")
    kind: Kind = "datetime" if rule.sources[0].root == "now" else "any"
    if rule.table is not None:
        if rule.functions:
            raise Wrong("MAP_FUNCTION", "a table gives the canonical code; no function follows it")
        _judge_reading_table(scope.table(rule.table, writes=False), target)
        _judge_unmapped(rule, scope, target)
        kind = "text"
    elif target.enum is not None:
        raise Wrong("MAP_CODES", f"{rule.name!r} is a code and needs a table")
    if rule.rank is not None:
        scope.table(rule.rank, writes=False)
        kind = "integer"
    if rule.format is not None:
        _judge_reading_format(rule, scope, target)
        kind = target.kind
    kind, _ = _judge_functions(rule, "reply", kind, None)
    _judge_end(rule, kind, target)
    if (kind, target.kind) == ("datetime", "date") and scope.mapping.zone_of(rule) is None:
        raise Wrong("MAP_TYPE", "the day of a time needs a zone, here or for the whole file")


def _judge_end(rule: Rule, kind: Kind, target: Shape) -> None:
    if rule.name.endswith("_fen") and not any(call.name in MONEY for call in rule.functions):
        raise Wrong("MAP_FUNCTION", f"{rule.name!r} is money: say how it is spelled, one of {', '.join(sorted(MONEY))}")
    if kind == "any" and target.kind in {"date", "datetime"}:
        raise Wrong("MAP_TYPE", f"{article(target.kind)} needs a format or fn: epoch_ms")
    widens = (kind, target.kind) in {("integer", "decimal"), ("integer", "text"), ("datetime", "date")}
    if kind not in {"any", target.kind} and not widens:
        raise Wrong("MAP_TYPE", f"the rule makes {article(kind)}, {rule.name!r} is {article(target.kind)}")


def _judge_reading_table(table: Table, target: Shape) -> None:
    fitting = {"result": ErrorCode, "state": TaskState}.get(table.way)
    if fitting is not None and target.enum is not fitting:
        raise Wrong("MAP_CODES", f"the table {table.name!r} gives {fitting.__name__}, which this field is not")
    strange = [code for code in table.reading().values() if target.values and code not in (*target.values, None)]
    if strange:
        raise Wrong("MAP_CODES", f"the table {table.name!r} gives {strange[0]!r}, which this field cannot be")
    if target.kind != "text":
        raise Wrong("MAP_TYPE", f"a table gives codes, and this field is {article(target.kind)}")


def _judge_unmapped(rule: Rule, scope: Scope, target: Shape) -> None:
    """An unknown code may concern one item of a list alone, but never pass for success."""
    if rule.unmapped is None:
        return
    if scope.here == scope.root:
        raise Wrong("MAP_CODES", "unmapped stands only inside each; an unknown code of a whole message is always told")
    wanted = ErrorCode.UPS_UNMAPPED.value if target.enum is ErrorCode else "absent"
    if rule.unmapped != wanted or target.required:
        raise Wrong("MAP_CODES", f"for {rule.name!r} unmapped can only be {wanted}, and the field must not be demanded")


def _judge_reading_format(rule: Rule, scope: Scope, target: Shape) -> None:
    if target.kind not in {"date", "datetime"}:
        raise Wrong("MAP_TYPE", f"a format makes dates and times, and {rule.name!r} is {article(target.kind)}")
    if not parse_format(rule.format).is_full_date:
        raise Wrong("MAP_TYPE", "a date is read from year, month and day; the format lacks one")
    if target.kind == "datetime" and scope.mapping.zone_of(rule) is None:
        raise Wrong("MAP_TYPE", "a time needs a zone, here or for the whole file")


def flow(rule: Rule, scope: Scope) -> Flow:
    return request_flow(rule, scope) if scope.direction == "request" else reply_flow(rule, scope)
