"""Loading a mapping set: every file of a folder read, judged and compiled, with all faults collected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources.abc import Traversable

import yaml

from hub import yamlfile
from hub.errors import ConfigError, Fault, MappingError, NotFound
from hub.mapping.codes import Codes, load_codes
from hub.mapping.grammar import read_message
from hub.mapping.judge import judge
from hub.mapping.model import Direction, MessageMapping
from hub.mapping.reply_code import compile_reply
from hub.mapping.request_code import compile_request
from hub.mapping.runtime import CompiledReply, CompiledRequest
from hub.yamlfile import YamlFile

_DIRECTIONS: tuple[Direction, ...] = ("request", "reply")
_SUFFIX = ".yaml"
_CODES = "codes.yaml"


@dataclass(frozen=True, slots=True)
class MappingSet:
    """All messages of one interface, compiled, and their code tables."""

    name: str
    codes: Codes = field(repr=False)
    mappings: Mapping[tuple[str, Direction], MessageMapping] = field(repr=False)
    _requests: Mapping[str, CompiledRequest] = field(repr=False)
    _replies: Mapping[str, CompiledReply] = field(repr=False)

    def has(self, message: str, direction: Direction) -> bool:
        return (message, direction) in self.mappings

    def mapping(self, message: str, direction: Direction) -> MessageMapping:
        """The rules of one message. Raises NotFound."""
        found = self.mappings.get((message, direction))
        if found is None:
            raise NotFound(f"the mapping set {self.name!r} has no {message}.{direction}{_SUFFIX}")
        return found

    def request(self, message: str) -> CompiledRequest:
        """The writer of a message. Raises NotFound."""
        self.mapping(message, "request")
        return self._requests[message]

    def reply(self, message: str) -> CompiledReply:
        """The reader of a message. Raises NotFound."""
        self.mapping(message, "reply")
        return self._replies[message]


def load_set(name: str, folder: Traversable) -> MappingSet:
    """Load the set `name` (such as `water/a`) below `folder`. Raises MappingError with every fault, file and line."""
    place = folder.joinpath(*name.split("/"))
    if not place.is_dir():
        raise MappingError(Fault(name, "MAP_SET", "there is no such folder of mappings"))
    entries = sorted(place.iterdir(), key=lambda entry: entry.name)
    return _built(name, tuple((entry.name, entry.read_bytes()) for entry in entries if entry.name.endswith(_SUFFIX)))


@lru_cache(maxsize=64)
def _built(name: str, texts: tuple[tuple[str, bytes], ...]) -> MappingSet:
    # The same texts make the same set, and a set is never changed.
    return build_set(name, dict(texts))


def build_set(name: str, texts: Mapping[str, str | bytes]) -> MappingSet:
    """Make a set of the texts of its files, by file name. Raises MappingError with every fault, file and line."""
    faults: list[Fault] = []
    codes = Codes()
    if _CODES in texts:
        file = _read(f"{name}/{_CODES}", texts[_CODES], faults)
        if file is not None:
            codes, found = load_codes(file)
            faults += found
    mappings: dict[tuple[str, Direction], MessageMapping] = {}
    for entry, text in texts.items():
        if entry == _CODES:
            continue
        mapping = _message(f"{name}/{entry}", entry, text, codes, faults)
        if mapping is not None:
            mappings[mapping.message, mapping.direction] = mapping
    if faults:
        raise MappingError(*sorted(set(faults), key=_place))
    return MappingSet(
        name=name,
        codes=codes,
        mappings=mappings,
        _requests={m.message: CompiledRequest(m, compile_request(m, codes)) for m in _of(mappings, "request")},
        _replies={m.message: CompiledReply(m, compile_reply(m, codes)) for m in _of(mappings, "reply")},
    )


def _of(mappings: Mapping[tuple[str, Direction], MessageMapping], direction: Direction) -> list[MessageMapping]:
    return [mapping for mapping in mappings.values() if mapping.direction == direction]


def _message(path: str, entry: str, text: str | bytes, codes: Codes, faults: list[Fault]) -> MessageMapping | None:
    message, _, end = entry.removesuffix(_SUFFIX).rpartition(".")
    direction = next((known for known in _DIRECTIONS if known == end), None)
    if not message or direction is None:
        faults.append(Fault(f"{path}:1", "MAP_SET", "a file is named <message>.request.yaml or <message>.reply.yaml"))
        return None
    file = _read(path, text, faults)
    if file is None:
        return None
    mapping, top = read_message(file, message, direction)
    faults += top.faults
    if mapping is not None:
        faults += judge(mapping, codes)
    return mapping


def _read(path: str, text: str | bytes, faults: list[Fault]) -> YamlFile | None:
    try:
        alias = _first_alias(text)
        if alias is not None:
            faults.append(Fault(f"{path}:{alias}", "YAML", "anchors and aliases are not part of the language"))
            return None
        return yamlfile.load(path, text)
    except ConfigError as error:
        faults.extend(error.faults)
    except (yaml.YAMLError, TypeError, ValueError, RecursionError):
        # yamlfile lets a list as a key, an impossible date and endless nesting through as these.
        faults.append(Fault(f"{path}:1", "YAML", "the file holds a key, a date or a nesting that cannot be read"))
    return None


def _first_alias(text: str | bytes) -> int | None:
    try:
        for event in yaml.parse(text, Loader=yamlfile.LOADER):
            if isinstance(event, yaml.AliasEvent):
                return event.start_mark.line + 1 if event.start_mark else 1
    except yaml.YAMLError:
        return None  # yamlfile names the line of a syntax error
    return None


def _place(fault: Fault) -> tuple[str, int, str]:
    file, _, line = fault.where.rpartition(":")
    return (file, int(line), fault.message) if line.isdigit() else (fault.where, 0, fault.message)
