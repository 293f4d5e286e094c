"""Every error that the hub raises to its callers.

The class says what the reader should do::

    HubError
    ├── InputError            correct the input; `.faults` names each field and rule
    │   ├── ApplicationInvalid    the application breaks the catalogue, an identifier rule or a consent rule
    │   ├── DuplicateRequest      the request_id was used before with another body; use a new one
    │   ├── IdentityRefused       the register does not confirm the person; correct the document, or let a clerk check
    │   └── NoProvider            nobody serves the item in that division; check address and concessions
    ├── ConfigError           correct the configuration; `.faults` names file and line
    │   ├── MappingError          correct the mapping file
    │   ├── ManifestError         correct the adapter's manifest or class
    │   └── SettingsError         correct an environment variable or secret file
    ├── NotFound              check the number that was asked for
    ├── NotAllowed            the state forbids it; read the case first
    ├── NotSupported          the adapter does not offer the operation
    ├── TryLater              nothing was stored; repeat the same call later
    └── WireError             internal to a worker: becomes an outcome, never reaches an application
        ├── EncodeError           our message breaks the contract; nothing was sent
        ├── DecodeError           the utility's answer breaks the contract
        └── UnmappedCode          a code that no table knows; kept raw

No error text holds a name, a number of a document, a phone or a raw message body.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: `where` (field path, or file:line), `rule` (an error code), `message` for people."""

    where: str
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message} [{self.rule}]"


class HubError(Exception):
    """Something went wrong in the hub; the subclass says what to do."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class FaultyError(HubError):
    """A list of faults, each with its place and rule."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class InputError(FaultyError):
    """The input is wrong; nothing was stored or sent."""


class ApplicationInvalid(InputError):
    """The application is not acceptable as it is; nothing was stored or sent."""


class DuplicateRequest(InputError):
    """This request_id was used before with another body; nothing was stored or sent."""


class IdentityRefused(InputError):
    """The register does not confirm this identity; nothing was stored."""


class NoProvider(InputError):
    """Nobody serves the item in that division; nothing was stored or sent."""


class ConfigError(FaultyError):
    """The configuration is wrong."""


class MappingError(ConfigError):
    """A mapping file is wrong."""


class ManifestError(ConfigError):
    """An adapter's manifest or class is wrong."""


class SettingsError(ConfigError):
    """A setting or secret is wrong or missing."""


class NotFound(HubError):
    """There is nothing under that number."""


class NotAllowed(HubError):
    """The present state does not allow it."""


class NotSupported(HubError):
    """The adapter does not offer this operation."""


class TryLater(HubError):
    """The hub cannot take it now; nothing was stored. Repeat the same call later."""


class WireError(HubError):
    """A message could not be made or read."""


class EncodeError(WireError):
    """Our own message breaks the contract; nothing was sent."""

    def __init__(self, where: str, message: str) -> None:
        super().__init__(f"{where}: {message}")
        self.where = where


class DecodeError(WireError):
    """The utility's answer breaks the contract."""

    def __init__(self, where: str, message: str) -> None:
        super().__init__(f"{where}: {message}")
        self.where = where


class UnmappedCode(WireError):
    """The utility used a code that no table knows."""

    def __init__(self, table: str, raw: str, where: str) -> None:
        super().__init__(f"{where}: code {raw!r} is not in table {table!r}")
        self.table, self.raw, self.where = table, raw, where
