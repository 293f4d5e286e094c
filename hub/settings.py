"""Every setting of a hub process, read once from the environment (prefix HUB_), with its unit and default."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.errors import Fault, SettingsError

_TEST = re.compile(r"(?:^|[\s#_-])TEST(?:$|[\s#:_-])")


class Settings(BaseSettings):
    """Settings of one process. Make it with `Settings.read()`, which names each wrong variable.

    In production mode a key marked TEST is refused, and the master key, the secrets folder and the public
    callback address must be given.
    """

    model_config = SettingsConfigDict(
        env_prefix="HUB_", frozen=True, extra="ignore", use_attribute_docstrings=True, hide_input_in_errors=True
    )

    mode: Literal["development", "production"] = "development"
    """HUB_MODE. `production` refuses TEST keys and missing secrets. Default: development."""

    data_dir: Path = Path("hub-data")
    """HUB_DATA_DIR. Folder of the SQLite database and the evidence files. Default: hub-data."""

    database_url: str | None = None
    """HUB_DATABASE_URL. `sqlite:///…` or `postgresql+psycopg://…`. Default: a SQLite file in the data folder."""

    config_dir: Path | None = None
    """HUB_CONFIG_DIR. Folder whose files replace the shipped configuration's. Default: none."""

    mappings_dir: Path | None = None
    """HUB_MAPPINGS_DIR. Folder whose mapping sets replace the shipped ones. Default: none."""

    secrets_dir: Path | None = None
    """HUB_SECRETS_DIR. Folder with one file for each secret. Default: none; then only HUB_SECRET_… variables."""

    master_key: SecretStr | None = None
    """HUB_MASTER_KEY. 32 hex digits (SM4) that wrap the keys of stored data. Default: none; see master_key_file."""

    master_key_file: Path | None = None
    """HUB_MASTER_KEY_FILE. File with the master key; used when HUB_MASTER_KEY is not set. Default: none."""

    callback_host: str = "127.0.0.1"
    """HUB_CALLBACK_HOST. Address on which callbacks of utilities are taken. Default: 127.0.0.1."""

    callback_port: int = Field(default=8790, ge=0, le=65535)
    """HUB_CALLBACK_PORT. TCP port for callbacks; 0 takes any free one. Default: 8790."""

    callback_public_url: str | None = Field(default=None, pattern=r"^https?://\S+$")
    """HUB_CALLBACK_PUBLIC_URL. The address that utilities are told. Default: made of callback_host and port."""

    clock: str = "wall"
    """HUB_CLOCK. `wall`, or `START@ORIGIN*RATE` for a shifted or faster clock (tests only). Default: wall."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """HUB_LOG_LEVEL. Least level that is written. Default: INFO."""

    log_format: Literal["text", "json"] = "text"
    """HUB_LOG_FORMAT. `text` for people, `json` for collectors; one line each. Default: text."""

    shutdown_seconds: float = Field(default=10.0, ge=0, le=600)
    """HUB_SHUTDOWN_SECONDS. Seconds that running calls are given when the process ends. Default: 10."""

    @classmethod
    def read(cls, **overrides: Any) -> Settings:
        """Read the environment; `overrides` win over it.

        Raises:
            SettingsError: naming each variable that is wrong, never its value.
        """
        try:
            return cls(**overrides)
        except ValidationError as error:
            raise SettingsError(
                *(_fault(each["loc"], each["msg"]) for each in error.errors(include_input=False))
            ) from None

    @model_validator(mode="after")
    def _production(self) -> Settings:
        if self.mode == "production":
            wanted = {
                "HUB_SECRETS_DIR": self.secrets_dir,
                "HUB_MASTER_KEY or HUB_MASTER_KEY_FILE": self.master_key or self.master_key_file,
                "HUB_CALLBACK_PUBLIC_URL": self.callback_public_url,
            }
            missing = [name for name, value in wanted.items() if not value]
            if missing:
                raise ValueError(f"production mode needs {', '.join(missing)}")
            if self.clock != "wall":
                raise ValueError("production mode runs on the wall clock")
            if self.master_key is not None and is_test_key(self.master_key.get_secret_value()):
                raise ValueError("production mode refuses a master key marked TEST")
        return self

    @property
    def database(self) -> str:
        """The URL of the database."""
        return self.database_url or f"sqlite:///{self.data_dir / 'hub.db'}"

    @property
    def callback_url(self) -> str:
        """The address that utilities are told, without a slash at the end."""
        return (self.callback_public_url or f"http://{self.callback_host}:{self.callback_port}").rstrip("/")

    def read_master_key(self) -> bytes | None:
        """The master key, or nothing where none is set. Raises SettingsError if it is not 32 hex digits."""
        name, text = "HUB_MASTER_KEY", self.master_key.get_secret_value() if self.master_key else None
        if text is None and self.master_key_file is not None:
            name, text = "HUB_MASTER_KEY_FILE", _read(self.master_key_file, "HUB_MASTER_KEY_FILE")
        if text is None:
            return None
        self._refuse_test(name, text)
        try:
            key = bytes.fromhex(text.removeprefix("TEST-").strip())
        except ValueError:
            key = b""
        if len(key) != 16:
            raise SettingsError(Fault(name, "VAL_FORMAT", "the master key is 32 hex digits"))
        return key

    def lookup(self, kind: str, name: str) -> str | None:
        """What a placeholder `${kind:name}` of the configuration stands for; nothing if it is not set.

        Raises:
            SettingsError: for a key marked TEST in production mode, or a secret file that cannot be read.
        """
        if kind == "ENV":
            return os.environ.get(name)
        value = os.environ.get(secret_variable(name))
        file = self.secrets_dir / name if self.secrets_dir else None
        if file is not None and file.is_file():
            value = _read(file, f"secret {name}")
        if value is not None:
            self._refuse_test(f"secret {name}", value)
        return value

    def _refuse_test(self, name: str, value: str) -> None:
        if self.mode == "production" and is_test_key(value):
            raise SettingsError(Fault(name, "TEST_KEY", "a key marked TEST is refused in production mode"))


def is_test_key(value: str) -> bool:
    """Whether a key is marked as a sample: its first or last line holds the word TEST."""
    lines = value.strip().splitlines() or [""]
    return any(_TEST.search(line) for line in (lines[0], lines[-1]))


def secret_variable(name: str) -> str:
    """The variable that may hold a secret: `water-city-sign-key` is HUB_SECRET_WATER_CITY_SIGN_KEY."""
    return "HUB_SECRET_" + re.sub(r"[^A-Za-z0-9]", "_", name).upper()


def _read(file: Path, name: str) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(Fault(name, "MISSING", f"the file cannot be read ({type(error).__name__})")) from None


def _fault(loc: tuple[int | str, ...], message: str) -> Fault:
    where = f"HUB_{'.'.join(str(part) for part in loc).upper()}" if loc else "HUB_MODE"
    return Fault(where, "VAL_FORMAT", message.removeprefix("Value error, "))
