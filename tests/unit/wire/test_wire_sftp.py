"""SFTP exchanges with a real SSH server that can drop the line at every step: a final file is whole or absent."""

import asyncio
import logging
import os
import socket
from contextlib import asynccontextmanager

import asyncssh
import pytest

from hub.errors import EncodeError, SettingsError
from hub.wire.exchange import FileGet, FileList, FilePut, FileResponse, HttpRequest, Limits, Phase
from hub.wire.sftp import SftpTransport

LIMITS = Limits(connect=5, read=5, write=5, pool=5, total=10)
HOST = asyncssh.generate_private_key("ssh-ed25519")
OTHER = asyncssh.generate_private_key("ssh-ed25519")
CLIENT = asyncssh.generate_private_key("ssh-ed25519")
BODY = bytes(range(256)) * 300
PUT = FilePut("/in/20260301/a.dat", BODY, "/in/20260301/a.ok", b"76800 sm3")


def pem(key):
    return key.export_private_key().decode()


def line(key):
    return key.export_public_key().decode()


class Site:
    """What the server does: counts its steps, and may drop the line or hang at one of them."""

    def __init__(self, root):
        self.root = root
        self.steps = []
        self.logins = 0
        self.drop_at = None
        self.after = False
        self.hang_at = None
        self.hanging = asyncio.Event()
        self.refuse = None
        self.posix = True
        self.connections = []
        self.opened = []

    def hang_up(self):
        for connection in self.connections:
            connection.abort()
        self.connections.clear()

    def arm(self, *, drop_at=None, after=False):
        self.steps, self.drop_at, self.after = [], drop_at, after

    async def step(self, name, server, act, *arguments):
        number = len(self.steps)
        self.steps.append(name)
        if name == self.hang_at:
            self.hanging.set()
            await asyncio.sleep(30)
        if name == self.refuse:
            raise asyncssh.SFTPPermissionDenied("CANARY")
        if number == self.drop_at and not self.after:
            server.channel.get_connection().abort()
            raise asyncssh.SFTPFailure("dropped")
        try:
            result = act(server, *arguments)
        finally:
            if number == self.drop_at:
                server.channel.get_connection().abort()
        if name == "open":
            self.opened.append(result)
        return result


def faulty(site):
    def wrapped(name):
        act = getattr(asyncssh.SFTPServer, name)

        async def method(server, *arguments):
            return await site.step(name, server, act, *arguments)

        return method

    names = ("realpath", "stat", "mkdir", "open", "write", "read", "close", "rename", "remove")
    body = {name: wrapped(name) for name in names}

    async def posix_rename(server, old, new):
        if not site.posix:
            raise asyncssh.SFTPOpUnsupported("no")
        return await site.step("posix_rename", server, asyncssh.SFTPServer.posix_rename, old, new)

    def start(server, channel):
        asyncssh.SFTPServer.__init__(server, channel, chroot=os.fspath(site.root))

    return type("Faulty", (asyncssh.SFTPServer,), {**body, "posix_rename": posix_rename, "__init__": start})


class Door(asyncssh.SSHServer):
    def __init__(self, site):
        self.site = site

    def connection_made(self, conn):
        self.site.connections.append(conn)

    def auth_completed(self):
        self.site.logins += 1


@asynccontextmanager
async def served(root):
    site = Site(root)
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=lambda: Door(site),
        server_host_keys=[HOST],
        authorized_client_keys=asyncssh.import_authorized_keys(line(CLIENT)),
        sftp_factory=faulty(site),
    )
    site.port = server.get_port()
    try:
        yield site
    finally:
        server.close()
        site.hang_up()
        await server.wait_closed()
        await asyncio.sleep(0.01)
        for file in site.opened:
            file.close()


@asynccontextmanager
async def at(site, *, key=CLIENT, host_key=HOST):
    transport = SftpTransport("127.0.0.1", site.port, "hub", pem(key), line(host_key))
    try:
        yield transport
    finally:
        await transport.aclose()
        await asyncio.sleep(0)


def files(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


FINAL = {"in/20260301/a.dat": BODY, "in/20260301/a.ok": b"76800 sm3"}


async def test_put_makes_folders_writes_and_renames_data_before_flag(tmp_path):
    async with served(tmp_path) as site, at(site) as transport:
        result = await transport.exchange(PUT, LIMITS)
    assert (result.phase, result.response, result.failure) == (Phase.RECEIVED, FileResponse(), None)
    assert files(tmp_path) == FINAL
    order = [step for step in site.steps if step in {"open", "posix_rename"}]
    assert order == ["open", "posix_rename", "open", "posix_rename"]


async def test_put_replaces_what_is_there(tmp_path):
    for posix in (True, False):
        async with served(tmp_path) as site, at(site) as transport:
            site.posix = posix
            assert (await transport.exchange(FilePut("/a.dat", b"old"), LIMITS)).phase is Phase.RECEIVED
            assert (await transport.exchange(FilePut("/a.dat", b"new"), LIMITS)).phase is Phase.RECEIVED
            assert files(tmp_path) == {"a.dat": b"new"}


async def test_a_file_of_many_requests_arrives_and_comes_back_whole(tmp_path):
    large = os.urandom(9_000_001)
    async with served(tmp_path) as site, at(site) as transport:
        assert (await transport.exchange(FilePut("/large.dat", large), LIMITS)).phase is Phase.RECEIVED
        assert site.steps.count("write") > 2
        assert (await transport.exchange(FileGet("/large.dat"), LIMITS)).response.body == large


async def test_get_reads_the_whole_file_and_a_missing_one_is_an_answer(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "r.dat").write_bytes(BODY * 5)
    async with served(tmp_path) as site, at(site) as transport:
        assert (await transport.exchange(FileGet("/out/r.dat"), LIMITS)).response == FileResponse(body=BODY * 5)
        for path in ("/out/none", "/none/none"):
            result = await transport.exchange(FileGet(path), LIMITS)
            assert (result.phase, result.response) == (Phase.RECEIVED, FileResponse(found=False))


async def test_list_gives_names_with_sizes_and_a_missing_folder_is_empty(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "b.ok").write_bytes(b"12")
    (tmp_path / "out" / "a.dat").write_bytes(b"")
    async with served(tmp_path) as site, at(site) as transport:
        listed = await transport.exchange(FileList("/out"), LIMITS)
        missing = await transport.exchange(FileList("/none"), LIMITS)
    assert listed.response == FileResponse(names=(("a.dat", 0), ("b.ok", 2)))
    assert (missing.phase, missing.response) == (Phase.RECEIVED, FileResponse())


async def test_a_file_over_the_limit_is_refused(tmp_path):
    (tmp_path / "big").write_bytes(bytes(600_000))
    async with served(tmp_path) as site, at(site) as transport:
        result = await transport.exchange(FileGet("/big"), Limits(max_body=500_000))
    assert (result.phase, result.failure, result.response) == (Phase.RECEIVING, "too-large", None)


async def test_one_connection_serves_many_exchanges_also_at_once(tmp_path):
    async with served(tmp_path) as site, at(site) as transport:
        puts = [FilePut(f"/in/{number}.dat", str(number).encode()) for number in range(12)]
        results = await asyncio.gather(*(transport.exchange(put, LIMITS) for put in puts))
        assert {result.phase for result in results} == {Phase.RECEIVED}
        assert site.logins == 1
    assert len(files(tmp_path)) == 12


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_the_line_dropped_at_any_step_of_a_put_leaves_whole_files_and_a_true_phase(tmp_path, after):
    async with served(tmp_path) as site, at(site) as transport:
        await transport.exchange(PUT, LIMITS)
        steps = list(site.steps)
    assert len(steps) > 10
    for number, name in enumerate(steps):
        root = tmp_path / f"{number}"
        root.mkdir()
        async with served(root) as site, at(site) as transport:
            site.arm(drop_at=number, after=after)
            result = await transport.exchange(PUT, LIMITS)
            seen = {path: body for path, body in files(root).items() if not path.endswith(".part")}
            assert seen.items() <= FINAL.items(), name
            assert (result.failure, result.response) == ("cut", None), name
            assert result.phase < Phase.RECEIVED
            if result.phase.provably_not_sent:
                assert seen == {}, name
            if seen == FINAL:
                assert result.phase is Phase.SENT, name
            site.arm()
            assert (await transport.exchange(PUT, LIMITS)).phase is Phase.RECEIVED
            assert files(root) == FINAL


async def test_a_read_cut_in_the_middle_is_no_answer(tmp_path):
    (tmp_path / "r.dat").write_bytes(BODY)
    async with served(tmp_path) as site, at(site) as transport:
        await transport.exchange(FileList("/"), LIMITS)
        site.arm(drop_at=3, after=True)
        result = await transport.exchange(FileGet("/r.dat"), LIMITS)
        assert (result.phase, result.failure, result.response) == (Phase.RECEIVING, "cut", None)
        assert (await transport.exchange(FileGet("/r.dat"), LIMITS)).response.body == BODY


async def test_a_kept_connection_that_died_is_replaced_before_anything_is_sent(tmp_path):
    async with served(tmp_path) as site, at(site) as transport:
        assert (await transport.exchange(FileList("/"), LIMITS)).phase is Phase.RECEIVED
        site.hang_up()
        await asyncio.sleep(0.05)
        assert (await transport.exchange(PUT, LIMITS)).phase is Phase.RECEIVED
        site.arm(drop_at=0)
        assert (await transport.exchange(PUT, LIMITS)).phase is Phase.RECEIVED
        assert site.logins == 3


async def test_another_host_key_is_refused_before_login(tmp_path):
    async with served(tmp_path) as site, at(site, host_key=OTHER) as transport:
        result = await transport.exchange(PUT, LIMITS)
        assert (result.phase, result.failure) == (Phase.CONNECT, "host-key")
        assert site.logins == 0


async def test_a_refused_login_is_provably_not_sent(tmp_path):
    async with served(tmp_path) as site, at(site, key=OTHER) as transport:
        result = await transport.exchange(PUT, LIMITS)
    assert (result.phase, result.failure) == (Phase.CONNECT, "login")
    assert files(tmp_path) == {}


async def test_a_refused_connection_and_an_unknown_name_are_provably_not_sent(monkeypatch):
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        transport = SftpTransport("127.0.0.1", reserved.getsockname()[1], "hub", pem(CLIENT), line(HOST))
        refused = await transport.exchange(PUT, LIMITS)

    def unknown(*_):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    unnamed = await SftpTransport("sftp.invalid", 22, "hub", pem(CLIENT), line(HOST)).exchange(PUT, LIMITS)
    assert (refused.phase, refused.failure) == (Phase.CONNECT, "refused")
    assert (unnamed.phase, unnamed.failure) == (Phase.RESOLVE, "name-not-found")


@pytest.mark.parametrize(
    ("banner", "failure"), [(None, "connect-timeout"), (b"HTTP/1.1 400 Bad\r\n\r\n", "connect-failed")]
)
async def test_a_server_that_is_silent_or_no_ssh_server_is_provably_not_sent(banner, failure):
    async def handler(reader, writer):
        if banner:
            writer.write(banner)
        else:
            await reader.read()
        writer.close()

    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    transport = SftpTransport("127.0.0.1", server.sockets[0].getsockname()[1], "hub", pem(CLIENT), line(HOST))
    result = await transport.exchange(PUT, LIMITS if banner else Limits(connect=0.3))
    server.close()
    await server.wait_closed()
    await asyncio.sleep(0.05)
    assert (result.phase, result.failure) == (Phase.CONNECT, failure)


async def test_a_server_without_sftp_is_provably_not_sent():
    keys = asyncssh.import_authorized_keys(line(CLIENT))
    server = await asyncssh.listen("127.0.0.1", 0, server_host_keys=[HOST], authorized_client_keys=keys)
    result = await SftpTransport("127.0.0.1", server.get_port(), "hub", pem(CLIENT), line(HOST)).exchange(PUT, LIMITS)
    server.close()
    await server.wait_closed()
    assert (result.phase, result.failure) == (Phase.CONNECT, "no-sftp")


@pytest.mark.parametrize(
    ("step", "limits", "failure", "phase"),
    [
        ("write", Limits(write=0.4, total=9), "write-timeout", Phase.SENDING),
        ("write", Limits(write=5, total=0.8), "deadline", Phase.SENDING),
        ("posix_rename", Limits(write=0.4, total=9), "write-timeout", Phase.SENDING),
        ("open", Limits(write=0.4, total=9), "write-timeout", Phase.CONNECT),
    ],
)
async def test_a_server_that_hangs_is_given_up_in_time_and_left(tmp_path, step, limits, failure, phase):
    async with served(tmp_path) as site, at(site) as transport:
        await transport.exchange(FileList("/"), LIMITS)
        site.hang_at = step
        result = await transport.exchange(PUT, limits)
        assert (result.phase, result.failure) == (phase, failure)
        assert result.seconds < 4
        site.hang_at = None
        assert (await transport.exchange(PUT, LIMITS)).phase is Phase.RECEIVED
        assert site.logins == 2


@pytest.mark.parametrize(
    ("step", "phase"), [("open", Phase.CONNECT), ("write", Phase.SENDING), ("posix_rename", Phase.SENDING)]
)
async def test_a_step_that_the_server_refuses_is_told_by_its_kind(tmp_path, step, phase):
    async with served(tmp_path) as site, at(site) as transport:
        site.refuse = step
        result = await transport.exchange(PUT, LIMITS)
    assert (result.phase, result.failure) == (phase, "permission-denied")


async def test_waiting_for_the_connection_too_long_is_provably_not_sent(tmp_path):
    async with served(tmp_path) as site, at(site) as transport:
        await transport.exchange(FileList("/"), LIMITS)
        site.hang_at = "write"
        first = asyncio.create_task(transport.exchange(PUT, Limits(write=0.6)))
        await site.hanging.wait()
        result = await transport.exchange(PUT, Limits(pool=0.1))
        assert (result.phase, result.failure) == (Phase.PREPARED, "pool-timeout")
        assert (await first).failure == "write-timeout"


async def test_cancellation_passes_through_and_the_transport_still_works(tmp_path):
    async with served(tmp_path) as site, at(site) as transport:
        site.hang_at = "write"
        task = asyncio.create_task(transport.exchange(PUT, LIMITS))
        await site.hanging.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        site.hang_at = None
        assert (await transport.exchange(PUT, LIMITS)).phase is Phase.RECEIVED
        assert files(tmp_path) == FINAL


@pytest.mark.parametrize("bad", [{"private_key": "CANARY"}, {"host_key": "CANARY"}, {"private_key": ""}])
def test_a_key_that_cannot_be_read_is_a_settings_error_that_does_not_show_it(bad):
    good = {"private_key": pem(CLIENT), "host_key": line(HOST)}
    with pytest.raises(SettingsError, match=next(iter(bad))) as caught:
        SftpTransport("127.0.0.1", 22, "hub", **{**good, **bad})
    assert "CANARY" not in str(caught.value) + repr(caught.value)


def test_a_key_under_a_passphrase_needs_it():
    locked = CLIENT.export_private_key("pkcs8-pem", passphrase="right").decode()
    SftpTransport("127.0.0.1", 22, "hub", locked, line(HOST), passphrase="right")
    for passphrase in ("wrong", None):
        with pytest.raises(SettingsError):
            SftpTransport("127.0.0.1", 22, "hub", locked, line(HOST), passphrase=passphrase)


async def test_nothing_is_logged_even_when_everything_is_logged(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    async with served(tmp_path) as site, at(site) as transport:
        assert (await transport.exchange(FilePut("/CANARY.dat", b"CANARY"), LIMITS)).phase is Phase.RECEIVED
    assert "CANARY" not in caplog.text


async def test_http_requests_are_our_error():
    transport = SftpTransport("127.0.0.1", 22, "hub", pem(CLIENT), line(HOST))
    with pytest.raises(EncodeError):
        await transport.exchange(HttpRequest("GET", "http://127.0.0.1/"), LIMITS)
