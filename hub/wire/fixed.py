"""Fixed-width records whose widths are bytes of the charset, and files of head, detail and trailer records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hub.errors import ConfigError, DecodeError, EncodeError, Fault
from hub.wire import charsets

Value = str | int
Record = Mapping[str, Value]
Columns = Sequence[Sequence[Any]]


class Column(BaseModel):
    """One field: text stands left and is filled with spaces, a number stands right and is filled with zeros."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    width: int = Field(ge=1)
    kind: Literal["text", "number", "filler"] = "text"
    required: bool = False

    def encode(self, value: Value | None, charset: str, where: str) -> bytes:
        if value is None or value == "":
            if self.required:
                raise EncodeError(where, "is required")
            return b"0" * self.width if self.kind == "number" else b" " * self.width
        data = charsets.encode(self._number(value, where) if self.kind == "number" else str(value), charset, where)
        if len(data) > self.width:
            raise EncodeError(where, f"takes {len(data)} bytes, {self.width} are allowed")
        if any(byte < 0x20 for byte in data):
            raise EncodeError(where, "holds a control character")
        return data.rjust(self.width, b"0") if self.kind == "number" else data.ljust(self.width, b" ")

    def decode(self, data: bytes, charset: str, where: str) -> str:
        if self.kind != "number":
            # Whoever cut a name by bytes may have left half a character at the end of the field.
            return charsets.decode_cut(data, charset, where).rstrip(" ")
        if not data.isdigit() and data.strip(b" "):
            raise DecodeError(where, "is not a number")
        return data.strip(b" ").decode("ascii")

    @staticmethod
    def _number(value: Value, where: str) -> str:
        digits = str(value)
        if isinstance(value, bool) or not (digits.isascii() and digits.isdigit()):
            raise EncodeError(where, "is not a whole number of digits without sign")
        return digits


class Layout(BaseModel):
    """The layout of one kind of record; `length` excludes the line end and must be the sum of the widths."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    charset: str = "gb18030"
    length: int = Field(ge=1)
    line_end: str = "\r\n"
    fields: tuple[Column, ...] = Field(min_length=1)

    @classmethod
    def load(cls, source: str | Mapping[str, Any]) -> Self:
        """Read a layout from YAML text or a dict; errors name the field and the rule."""
        try:
            return cls.model_validate(yaml.safe_load(source) if isinstance(source, str) else source)
        except yaml.YAMLError as error:
            raise ConfigError(Fault("layout", "yaml-invalid", str(error))) from error
        except ValidationError as error:
            places = [(".".join(map(str, ["layout", *fault["loc"]])), fault) for fault in error.errors()]
            raise ConfigError(*(Fault(place, fault["type"], fault["msg"]) for place, fault in places)) from error

    @classmethod
    def of_columns(cls, name: str, columns: Columns, *, charset: str, length: int) -> Self:
        """A layout of short rows: `[name, width]` is text; then the kind, and the word `required`."""
        fields = [
            {"name": column, "width": width, "kind": (*rest, "text")[0], "required": "required" in rest}
            for column, width, *rest in columns
        ]
        return cls.load({"name": name, "charset": charset, "length": length, "fields": fields})

    @model_validator(mode="after")
    def _widths_add_up(self) -> Self:
        total = sum(column.width for column in self.fields)
        if total != self.length:
            raise ValueError(f"the widths add up to {total}, not to the length {self.length}")
        names = [column.name for column in self.fields]
        if len(set(names)) != len(names):
            raise ValueError("two fields have the same name")
        return self

    def encode(self, record: Record, where: str | None = None) -> bytes:
        """Make one record without line end. A field not given is filled up; an unknown or overlong one is refused."""
        where = where or self.name
        for stranger in sorted(record.keys() - {column.name for column in self.fields}):
            raise EncodeError(f"{where}.{stranger}", "is not in the layout")
        return b"".join(
            column.encode(record.get(column.name), self.charset, f"{where}.{column.name}") for column in self.fields
        )

    def decode(self, data: bytes, record: int = 1, offset: int = 0) -> dict[str, str]:
        """Read one record without its line end; `record` and `offset` place it in its file for errors.

        Numbers keep their leading zeros, and a number left blank is "".
        """
        if len(data) != self.length:
            message = f"has {len(data)} bytes, {self.length} are in the layout"
            raise DecodeError(f"{self.name} record {record} at byte {offset}", message)
        values: dict[str, str] = {}
        position = 0
        for column in self.fields:
            where = f"{self.name}.{column.name} record {record} at byte {offset + position}"
            value = column.decode(data[position : position + column.width], self.charset, where)
            if column.kind != "filler":
                values[column.name] = value
            position += column.width
        return values


@dataclass(frozen=True, slots=True)
class FileLayout:
    """A file of one head, any number of details and one trailer, told apart by the field `mark`.

    Head and trailer carry the number of details in `count` and a sum in `amount`, each only if its layout has the
    field. The sum is that of the details' field `amount_of`; without it the caller gives the sum.
    """

    header: Layout
    detail: Layout
    trailer: Layout
    mark: str = "rectype"
    marks: tuple[str, str, str] = ("H", "D", "T")
    count: str = "count"
    amount: str = "amount"
    amount_of: str | None = None

    @classmethod
    def of_columns(
        cls,
        parts: Mapping[str, Columns],
        kind: str,
        *,
        charset: str,
        length: int,
        amount_of: str | None,
    ) -> Self:
        """The layout of files of one kind, of the short rows of the parts `H`, `T` and that kind."""
        head, detail, tail = (
            Layout.of_columns(part, parts[part], charset=charset, length=length) for part in ("H", kind, "T")
        )
        return cls(head, detail, tail, amount_of=amount_of)

    def __post_init__(self) -> None:
        faults = [*self._unlike(), *self._not_numbers()]
        if faults:
            raise ConfigError(*faults)

    def encode_file(self, head: Record, details: Sequence[Record], amount: int = 0) -> bytes:
        """Make a whole file. Marks, counts and sums are filled in; a differing one given in `head` is refused."""
        if self.amount_of is not None:
            amount = sum(int(detail.get(self.amount_of) or 0) for detail in details)
        totals = {self.count: len(details), self.amount: amount}
        records = [self._marked(self.header, 0, head, totals, self.header.name)]
        for number, detail in enumerate(details, start=1):
            records.append(self._marked(self.detail, 1, detail, {}, f"{self.detail.name} record {number + 1}"))
        records.append(self._marked(self.trailer, 2, {}, totals, self.trailer.name))
        line_end = self.header.line_end.encode("ascii")
        return b"".join(record + line_end for record in records)

    def decode_file(self, data: bytes) -> tuple[dict[str, str], list[dict[str, str]], dict[str, str]]:
        """Read a whole file or none of it: every mark, count and sum must be right."""
        lines = self._lines(data)
        layouts = [self.header, *[self.detail] * (len(lines) - 2), self.trailer]
        marks = [self.marks[0], *[self.marks[1]] * (len(lines) - 2), self.marks[2]]
        step = self.header.length + len(self.header.line_end)
        records: list[dict[str, str]] = []
        for number, (line, layout, mark) in enumerate(zip(lines, layouts, marks, strict=True), start=1):
            offset = (number - 1) * step
            record = layout.decode(line, number, offset)
            if record.get(self.mark) != mark:
                raise DecodeError(f"{layout.name} record {number} at byte {offset}", f"is not a {mark} record [FILE]")
            records.append(record)
        head, *details, trail = records
        self._verify(head, details, trail)
        return head, details, trail

    def containing(self, data: bytes, needle: bytes) -> Iterator[dict[str, str]]:
        """The details that hold some bytes, of a file that was decoded before: one may be too long to read them all."""
        step = self.header.length + len(self.header.line_end)
        at = data.find(needle) if needle else -1
        while at >= 0:
            start = at - at % step
            if 0 < start < len(data) - step:
                yield self.detail.decode(data[start : start + self.detail.length], start // step + 1, start)
            at = data.find(needle, start + step)

    def _unlike(self) -> list[Fault]:
        shape = (self.header.length, self.header.line_end, self.header.charset)
        parts = (self.header, self.detail, self.trailer)
        faults = [
            Fault(part.name, "layout-unlike", "differs from the head in length, line end or charset")
            for part in parts
            if (part.length, part.line_end, part.charset) != shape
        ]
        unmarked = [part for part in parts if self.mark not in {column.name for column in part.fields}]
        return faults + [Fault(part.name, "layout-mark", f"has no field {self.mark}") for part in unmarked]

    def _not_numbers(self) -> list[Fault]:
        wanted = [(self.header, self.count), (self.header, self.amount)]
        wanted += [(self.trailer, self.count), (self.trailer, self.amount)]
        faults = [
            Fault(f"{layout.name}.{name}", "layout-number", "must be a number")
            for layout, name in wanted
            if any(column.name == name and column.kind != "number" for column in layout.fields)
        ]
        if self.amount_of and (self.amount_of, "number") not in {(c.name, c.kind) for c in self.detail.fields}:
            faults.append(Fault(f"{self.detail.name}.{self.amount_of}", "layout-number", "must be a number field"))
        return faults

    def _marked(self, layout: Layout, kind: int, record: Record, totals: Mapping[str, int], where: str) -> bytes:
        columns = {column.name for column in layout.fields}
        filled: dict[str, Value] = {self.mark: self.marks[kind]}
        filled.update({name: total for name, total in totals.items() if name in columns})
        for name, value in filled.items():
            given = record.get(name)
            if given is not None and str(given) != str(value):
                raise EncodeError(f"{where}.{name}", "contradicts the records of the file [FILE_COUNT]")
        return layout.encode({**record, **filled}, where)

    def _lines(self, data: bytes) -> list[bytes]:
        line_end = self.header.line_end.encode("ascii")
        step = self.header.length + len(line_end)
        if len(data) % step or len(data) < 2 * step:
            message = f"{len(data)} bytes are not head, trailer and details of {step} bytes [FILE]"
            raise DecodeError(self.header.name, message)
        for end in range(step, len(data) + 1, step):
            if data[end - len(line_end) : end] != line_end:
                raise DecodeError(f"record {end // step} at byte {end - len(line_end)}", "has no line end [FILE]")
        return [data[start : start + self.header.length] for start in range(0, len(data), step)]

    def _verify(self, head: dict[str, str], details: list[dict[str, str]], trail: dict[str, str]) -> None:
        expected = {self.count: len(details)}
        if self.amount_of is not None:
            expected[self.amount] = sum(int(detail[self.amount_of] or 0) for detail in details)
        elif self.amount in head and self.amount in trail:
            expected[self.amount] = int(head[self.amount] or 0)
        for layout, record in ((self.header, head), (self.trailer, trail)):
            for name, value in expected.items():
                if name in record and int(record[name] or 0) != value:
                    message = f"says {int(record[name] or 0)}, the records give {value} [FILE_COUNT]"
                    raise DecodeError(f"{layout.name}.{name}", message)
