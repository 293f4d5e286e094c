"""YAML read with the line of every value, so that each fault can name its file and line."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources.abc import Traversable
from typing import Any

import yaml

from hub.errors import ConfigError, Fault

Path = tuple[str | int, ...]
# The C parser is ten times as fast; where a PyYAML was built without it the Python one does the same.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class YamlFile:
    """One file: its data, and where each value stands."""

    name: str
    data: Any
    lines: dict[Path, int] = field(repr=False)

    def line(self, *path: str | int) -> int:
        """The line of the value at `path`, or of its nearest ancestor that exists."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def where(self, *path: str | int) -> str:
        """`file:line` of the value at `path`."""
        return f"{self.name}:{self.line(*path)}"

    def fault(self, message: str, *path: str | int, rule: str = "CONFIG") -> Fault:
        return Fault(where=self.where(*path), rule=rule, message=message)


def load(name: str, source: str | bytes | Traversable) -> YamlFile:
    """Read YAML text or a file. Raises ConfigError with file and line for a syntax error or a key given twice."""
    return _parsed(name, source if isinstance(source, str | bytes) else source.read_bytes())


@lru_cache(maxsize=256)
def _parsed(name: str, text: str | bytes) -> YamlFile:
    # A process reads the same files for every hub that it opens; what was read is never changed.
    loader = LOADER(text)
    try:
        node = loader.get_single_node()
        lines: dict[Path, int] = {}
        data = _construct(name, loader, node, (), lines) if node is not None else None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(Fault(f"{name}:{line}", "YAML", str(error.problem))) from None
    except yaml.YAMLError:
        raise ConfigError(Fault(f"{name}:1", "YAML", "the file is not YAML in UTF-8")) from None
    finally:
        loader.dispose()
    return YamlFile(name=name, data=data, lines=lines)


def _construct(name: str, loader: Any, node: yaml.Node, path: Path, lines: dict[Path, int]) -> Any:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = _scalar(name, loader, key_node)
            if key in result:
                where = f"{name}:{key_node.start_mark.line + 1}"
                raise ConfigError(Fault(where, "YAML", f"the key {key!r} stands twice"))
            result[key] = _construct(name, loader, value_node, (*path, key), lines)
            lines[(*path, key)] = key_node.start_mark.line + 1
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_construct(name, loader, item, (*path, i), lines) for i, item in enumerate(node.value)]
    return _scalar(name, loader, node)


def _scalar(name: str, loader: Any, node: yaml.Node) -> Any:
    where = f"{name}:{node.start_mark.line + 1}"
    if not isinstance(node, yaml.ScalarNode):
        raise ConfigError(Fault(where, "YAML", "a key is a text, not a list or a mapping"))
    try:
        return loader.construct_object(node, deep=True)
    except (ValueError, OverflowError):
        raise ConfigError(Fault(where, "YAML", "the value looks like a date or number, but is none")) from None
