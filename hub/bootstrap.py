"""The composition root: the only place that knows every part and puts them together."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy.exc import SQLAlchemyError

from hub.api import Api
from hub.bus import MemoryBus
from hub.clock import SHANGHAI, Clock, VirtualClock, WallClock
from hub.config import Configuration, check_configuration, closure, load_configuration, resolve
from hub.domain import numbers
from hub.domain.identifiers import normal_document
from hub.domain.party import IdentityDocument
from hub.domain.provider import EndpointSpec, Route
from hub.domain.receipt import Issuer
from hub.engine.callbacks import Callbacks
from hub.engine.core import Engine
from hub.engine.identity.admission import Admission
from hub.engine.identity.gateway import Gateway
from hub.engine.identity.materials import Sharing
from hub.engine.identity.verifying import Verifying
from hub.engine.intake import Intake
from hub.engine.listener import listen
from hub.engine.lookup import Finder
from hub.engine.papers.issuing import Issuing
from hub.engine.papers.proof import Signer
from hub.engine.policy import Draw, by_place
from hub.engine.rules import Rules, Served
from hub.engine.worker import Worker
from hub.errors import ConfigError, Fault, SettingsError
from hub.parts import Parts
from hub.registry import Opened, Registry
from hub.sdk.adapter import Adapter
from hub.sdk.context import Equipment, Sessions
from hub.sdk.pace import Pace
from hub.settings import Settings
from hub.store.evidence import EvidenceFolder
from hub.store.seal import Vault
from hub.store.sql import SqlStore

Connections = Mapping[str, Mapping[str, Any]]
Reach = Callable[[EndpointSpec], dict[str, Any]]


class Hub(Api):
    """The hub, opened for use::

    async with Hub.open() as hub:
        case = await hub.submit(application)
        case = await hub.wait(case.number)
    """

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        config: Path | str | None = None,
        *,
        settings: Settings | None = None,
        clock: Clock | None = None,
        connections: Connections | None = None,
        only_connections: bool = False,
        registry: Registry | None = None,
        run: bool = True,
        draw: Draw = os.urandom,
    ) -> AsyncIterator[Hub]:
        """Open a hub on its data folder, and close it in order.

        Args:
            config: a folder whose files replace the shipped configuration's.
            settings: instead of reading the environment.
            clock: instead of what the settings say.
            connections: configuration by endpoint id in place of the configured one (simulators, tests).
            only_connections: open no other endpoints than those, whatever the environment holds.
            registry: adapters in place of the installed ones.
            run: False only reads and stores; nothing is sent until a hub runs on the same data.
            draw: source of random bytes.

        Raises:
            ConfigError: the configuration has faults; all of them are in `faults`.
            SettingsError: a setting is wrong, or another hub runs on the same data folder.
        """
        settings = settings or Settings.read()
        async with AsyncExitStack() as stack:
            found = registry or Registry.load(settings.mappings_dir)
            reach = _reach(settings, connections or {}, only=only_connections)
            hub, rules = await _assemble(cls, stack, settings, config, clock, reach, found, draw, connections or ())
            if run:
                await _start(stack, hub, settings, rules)
            yield hub


async def _assemble(
    cls: type[Hub],
    stack: AsyncExitStack,
    settings: Settings,
    config: Path | str | None,
    clock: Clock | None,
    reach: Reach,
    registry: Registry,
    draw: Draw,
    given: Collection[str],
) -> tuple[Hub, Rules]:
    folder = Path(config) if config is not None else settings.config_dir
    configuration = load_configuration(overlay=folder)
    if faults := check_configuration(configuration):
        raise ConfigError(*faults)
    clock = clock or _clock(settings)
    _make_folder(settings.data_dir)
    vault = Vault(_master_key(settings, draw), draw)
    store = _store(settings, vault)
    stack.push_async_callback(store.aclose)
    await store.migrate()
    evidence = EvidenceFolder(settings.data_dir / "evidence", vault)
    opened, unavailable = _open_endpoints(configuration, registry, reach)
    for each in opened:
        stack.push_async_callback(each.transport.aclose)
    rules = _rules(configuration, opened, clock, draw, given)
    route = _router(configuration, clock)
    admission = _admission(configuration, vault, clock, draw)
    equipment = {each.spec.id: _equipment(each, clock, draw, evidence) for each in opened}
    gateway = Gateway(route, equipment, clock)
    parts = Parts(
        configuration=configuration,
        registry=registry,
        store=store,
        bus=MemoryBus(),
        clock=clock,
        rules=rules,
        intake=Intake(configuration, rules, route, admission),
        evidence=evidence,
        verifying=Verifying(admission, gateway, store, clock, configuration.divisions),
        sharing=Sharing(admission, gateway, store, evidence, clock),
        equipment=equipment,
        unavailable=unavailable,
        issuing=Issuing(
            store=store,
            evidence=evidence,
            equipment=equipment,
            clock=clock,
            issuer=_issuer(configuration),
            themes={bundle.id: bundle.name_zh for bundle in configuration.bundles},
            signer=Signer(vault.subkey("receipt")),
        ),
        finder=Finder(configuration, equipment, route, clock, draw),
    )
    return cls(parts), rules


async def _start(stack: AsyncExitStack, hub: Hub, settings: Settings, rules: Rules) -> None:
    parts = hub._parts  # noqa: SLF001 -- the composition root completes what it made
    stack.callback(_lock(settings.data_dir).close)
    equipment = dict(parts.equipment)
    if any(type(served.adapter).callback is not Adapter.callback for served in rules.endpoints.values()):
        app = Callbacks(parts.store, rules, parts.clock, hub._told).app()  # noqa: SLF001 -- see above
        try:
            address = await stack.enter_async_context(listen(app, settings.callback_host, settings.callback_port))
        except OSError as error:
            text = f"callbacks cannot be taken at {settings.callback_host}:{settings.callback_port} ({error.strerror})"
            raise SettingsError(Fault("HUB_CALLBACK_PORT", "TAKEN", text)) from None
        public = settings.callback_public_url or address
        equipment = {
            endpoint: replace(each, callback_url=f"{public.rstrip('/')}/callbacks/{endpoint}")
            for endpoint, each in equipment.items()
        }
    policies = {endpoint: served.spec.retry for endpoint, served in rules.endpoints.items()}
    worker = Worker(parts.bus, equipment, policies, parts.clock, rules.waits)
    engine = Engine(parts.store, parts.bus, rules, worker, parts.clock, hub._told)  # noqa: SLF001 -- see above
    hub._engine = engine  # noqa: SLF001 -- see above
    await engine.start()
    stack.push_async_callback(engine.stop, settings.shutdown_seconds)


def _reach(settings: Settings, connections: Connections, *, only: bool) -> Reach:
    """How the configuration of an endpoint is found: given from outside, or resolved with its secrets."""

    def reach(spec: EndpointSpec) -> dict[str, Any]:
        if spec.id in connections:
            return dict(connections[spec.id])
        if only:
            raise SettingsError(Fault(f"endpoint {spec.id}", "CLOSED", "it is none of the connections given"))
        return resolve(spec, settings.lookup)

    return reach


def _open_endpoints(
    configuration: Configuration, registry: Registry, reach: Reach
) -> tuple[list[Opened], dict[str, str]]:
    """Open what can be opened. A missing secret or a broken adapter closes its endpoint, not the hub."""
    opened, unavailable = [], {}
    for spec in configuration.endpoints:
        try:
            opened.append(registry.open(spec, reach(spec)))
        except ConfigError as error:
            unavailable[spec.id] = str(error)
    return opened, unavailable


def _equipment(opened: Opened, clock: Clock, draw: Draw, evidence: EvidenceFolder) -> Equipment:
    return Equipment(
        adapter=opened.adapter,
        mappings=opened.mappings,
        transport=opened.transport,
        clock=clock,
        draw=draw,
        evidence=evidence,
        sessions=Sessions(),
        limits=opened.limits,
        # A virtual clock stands still while anything waits in a queue behind a sleeper: it would never go on.
        pace=None if isinstance(clock, VirtualClock) else Pace(opened.spec.limits.rate_per_second, clock),
    )


def _rules(
    configuration: Configuration, opened: list[Opened], clock: Clock, draw: Draw, given: Collection[str]
) -> Rules:
    def params(endpoint: str) -> dict[str, str]:
        concessions = configuration.concessions.concessions
        return next((each.params for each in concessions if each.endpoint == endpoint), {})

    def held_until(endpoint: str, operation: str, now: datetime) -> datetime | None:
        found = closure(configuration.maintenance, endpoint, operation, now)
        return found.until if found and found.window.behaviour == "QUEUE" else None

    def serving(each: Opened) -> Served:
        # A connection that is given from outside is a simulator's, or a test's.
        simulated = each.spec.simulated or each.spec.id in given
        return Served(each.spec, each.adapter, each.mappings, each.limits, params(each.spec.id), simulated)

    served = {each.spec.id: serving(each) for each in opened}
    return Rules(
        endpoints=served,
        clock=clock,
        waits=by_place(draw),
        held_until=held_until,
        owner=numbers.new_id(clock.now(), draw),
        worked=configuration.calendar.working_time,
        after=configuration.calendar.after,
    )


def _issuer(configuration: Configuration) -> Issuer:
    """Who issues receipts, and the places and telephone numbers on them."""
    divisions = configuration.divisions
    names = {code: each.name_zh for code, each in divisions.by_code.items()}
    city = next((each.name_zh for each in divisions.divisions if each.level == "city"), "")
    return Issuer(
        name_zh=f"{city}公共事业综合服务窗口",
        places={code: f"{names.get(code[:6], '')}{name}" if len(code) > 6 else name for code, name in names.items()},
        hotlines={each.id: each.hotline for each in configuration.providers if each.hotline},
    )


def _router(configuration: Configuration, clock: Clock) -> Callable[[str, str], Route | None]:
    def route(field: str, division: str) -> Route | None:
        return configuration.concessions.route(field, division, clock.now().astimezone(SHANGHAI).date())

    return route


def _admission(configuration: Configuration, vault: Vault, clock: Clock, draw: Draw) -> Admission:
    """The identity rules; in assertions the holder of a document is known by a keyed digest."""

    def subject(document: IdentityDocument) -> str:
        normal = normal_document(document, today=clock.now().astimezone(SHANGHAI).date())
        return vault.index(f"{normal.type}:{normal.number}")

    return Admission(configuration.identity, configuration.catalogue, subject, clock.now, draw)


def _clock(settings: Settings) -> Clock:
    try:
        return WallClock() if settings.clock == "wall" else WallClock.parse(settings.clock)
    except ValueError:
        raise SettingsError(Fault("HUB_CLOCK", "VAL_FORMAT", "write wall, or START@ORIGIN*RATE")) from None


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(Fault("HUB_DATA_DIR", "MISSING", f"the folder cannot be made ({error.strerror})")) from None


def _store(settings: Settings, vault: Vault) -> SqlStore:
    try:
        return SqlStore(settings.database, vault)
    except (SQLAlchemyError, ImportError) as error:
        # The URL may hold a password, and the error the URL: only its kind is told.
        text = f"no database can be reached by this URL ({type(error).__name__})"
        raise SettingsError(Fault("HUB_DATABASE_URL", "VAL_FORMAT", text)) from None


def _master_key(settings: Settings, draw: Draw) -> bytes:
    """The configured key; for an embedded hub without one, a key file beside the data, readable by its owner only."""
    key = settings.read_master_key()
    if key is not None:
        return key
    path = settings.data_dir / "master.key"
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(draw(16).hex())
    return bytes.fromhex(path.read_text().strip())


def _lock(folder: Path) -> IO[str]:
    """Hold the data folder for this process. Raises SettingsError when another hub runs on it."""
    file = (folder / "hub.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise SettingsError(Fault("HUB_DATA_DIR", "LOCKED", "another hub is running on this data folder")) from None
    file.write(socket.gethostname())
    file.flush()
    return file
