"""A pinned WSDL with its folder: nothing outside it is ever opened, and its types become one XML Schema."""

from __future__ import annotations

from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from lxml import etree

from hub.errors import ConfigError, DecodeError, Fault
from hub.wire import xml

WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
XSD = "{http://www.w3.org/2001/XMLSchema}"
_REFERENCES = (f"{XSD}import", f"{XSD}include", f"{XSD}redefine")
_OURS = "onewindow:"


class LocalFiles:
    """Loads the files of one folder and refuses every other address; stands in for zeep's transport."""

    def __init__(self, wsdl: Path | Traversable) -> None:
        self.entry = Path(str(wsdl)).resolve()
        if not self.entry.is_file():
            raise ConfigError(Fault(str(wsdl), "wsdl-missing", "is not a file"))

    def load(self, url: str) -> bytes:
        """Return the bytes of a file inside the folder."""
        path = self.path(url, self.entry)
        try:
            return path.read_bytes()
        except OSError as error:
            raise self._fault("wsdl-missing", f"refers to {path.name}, which cannot be read") from error

    def path(self, reference: str, base: Path) -> Path:
        """Resolve what `base` refers to; http, other folders and the like are refused."""
        parts = urlsplit(reference)
        if parts.scheme not in {"", "file"} or parts.netloc:
            raise self._fault("wsdl-external", f"refers to {reference}; keep a copy beside the WSDL")
        path = (base.parent / unquote(parts.path)).resolve()
        if not path.is_relative_to(self.entry.parent):
            raise self._fault("wsdl-external", f"refers to {reference}, outside its own folder")
        return path

    def parse(self, path: Path) -> xml.Element:
        """Parse a file of the folder; a document type declaration is refused."""
        try:
            return xml.parse(self.load(str(path)))
        except DecodeError as error:
            raise self._fault("wsdl-invalid", f"{path.name}: {error}") from error

    def _fault(self, rule: str, message: str) -> ConfigError:
        return ConfigError(Fault(self.entry.name, rule, message))


def schema_of(files: LocalFiles) -> xml.Schema:
    """Compile all types of the WSDL, inline or in files, into one schema that checks message bodies."""
    inline: dict[str, list[xml.Element]] = {}
    for path, definitions in _documents(files, files.entry, {}).items():
        for schema in definitions.iterfind(f"{WSDL}types/{XSD}schema"):
            _make_absolute(schema, files, path, set())
            inline.setdefault(schema.get("targetNamespace", ""), []).append(schema)
    sources = _sources(inline)
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True)
    parser.resolvers.add(_Inline(sources))
    return xml.Schema(etree.fromstring(_umbrella(list(inline)), parser))


def _documents(files: LocalFiles, path: Path, seen: dict[Path, xml.Element]) -> dict[Path, xml.Element]:
    """Collect the WSDL and all WSDLs that it imports."""
    if path not in seen:
        seen[path] = files.parse(path)
        for reference in seen[path].iterfind(f"{WSDL}import"):
            _documents(files, files.path(reference.get("location", ""), path), seen)
    return seen


def _make_absolute(schema: xml.Element, files: LocalFiles, base: Path, seen: set[Path]) -> None:
    """Check every reference of a schema, and of the files it refers to, and spell those of this one out."""
    for reference in schema.iterchildren(*_REFERENCES):
        location = reference.get("schemaLocation")
        if location:
            path = files.path(location, base)
            reference.set("schemaLocation", path.as_uri())
            if path not in seen:
                seen.add(path)
                _make_absolute(files.parse(path), files, path, seen)


def _sources(inline: dict[str, list[xml.Element]]) -> dict[str, bytes]:
    """Give each namespace one document under an address of ours; several schemas of one are put under an include."""
    sources: dict[str, bytes] = {}
    addresses = {namespace: f"{_OURS}{number}" for number, namespace in enumerate(inline)}
    for namespace, schemas in inline.items():
        parts = []
        for number, schema in enumerate(schemas):
            for reference in schema.iterchildren(f"{XSD}import"):
                # WSDLs import a sibling inside <types> without saying where it is.
                if not reference.get("schemaLocation") and reference.get("namespace") in addresses:
                    reference.set("schemaLocation", addresses[reference.get("namespace", "")])
            parts.append(f"{addresses[namespace]}/{number}")
            sources[parts[-1]] = etree.tostring(schema)
        includes = "".join(f'<xs:include schemaLocation="{part}"/>' for part in parts)
        sources[addresses[namespace]] = _schema_text(includes, namespace)
    return sources


def _umbrella(namespaces: list[str]) -> bytes:
    imports = []
    for number, namespace in enumerate(namespaces):
        which = f'namespace="{_escaped(namespace)}" ' if namespace else ""
        imports.append(f'<xs:import {which}schemaLocation="{_OURS}{number}"/>')
    # The umbrella needs a namespace of its own, or it could not import a schema that has none.
    return _schema_text("".join(imports), "urn:onewindow:umbrella")


def _schema_text(content: str, namespace: str) -> bytes:
    target = f' targetNamespace="{_escaped(namespace)}"' if namespace else ""
    return f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"{target}>{content}</xs:schema>'.encode()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


class _Inline(etree.Resolver):
    """Hands the schemas that stand inside a WSDL to lxml."""

    def __init__(self, sources: dict[str, bytes]) -> None:
        self._sources = sources

    def resolve(self, system_url: str, _public_id: str, context: Any) -> Any:  # type: ignore[override] # old stubs
        if system_url not in self._sources:
            return None
        return cast("Any", self).resolve_string(self._sources[system_url].decode("utf-8"), context)
