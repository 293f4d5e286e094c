"""TLS: a server is trusted by a named CA only, and a failed handshake has sent nothing."""

import asyncio
import ssl
from contextlib import asynccontextmanager
from datetime import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hub.wire.exchange import HttpRequest, Limits, Phase
from hub.wire.http import HttpTransport

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
LIMITS = Limits()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1))
        .not_valid_after(datetime(2120, 1, 1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(built.public_bytes(serialization.Encoding.PEM) + private)
    return path


@asynccontextmanager
async def serving(handler, context=None):
    async def connected(reader, writer):
        try:
            await handler(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.sleep(0.05)


async def answer(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    writer.write(OK)


async def say_nonsense(reader, writer):
    await reader.read(10)
    writer.write(b"220 this is a mail server\r\n" * 10)


async def say_nothing(reader, writer):
    await reader.read()


async def exchanged(port, limits=LIMITS, **keywords):
    transport = HttpTransport(**keywords)
    try:
        return await transport.exchange(HttpRequest("POST", f"https://localhost:{port}/", body=b"x"), limits)
    finally:
        await transport.aclose()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_server_is_trusted_by_its_ca_file_and_not_otherwise(certificate, version):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    context.minimum_version = context.maximum_version = version
    async with serving(answer, context) as port:
        trusted = await exchanged(port, verify=str(certificate))
        unchecked = await exchanged(port, verify=False)
        unknown = await exchanged(port)
    assert trusted.response.body == unchecked.response.body == b"ok"
    assert (unknown.phase, unknown.failure) == (Phase.CONNECT, "tls")


@pytest.mark.parametrize(("handler", "failure"), [(say_nonsense, "tls"), (say_nothing, "connect-timeout")])
async def test_a_handshake_that_fails_or_hangs_is_provably_not_sent(handler, failure):
    async with serving(handler) as port:
        result = await exchanged(port, Limits(connect=0.3) if failure == "connect-timeout" else LIMITS)
    assert (result.phase, result.failure) == (Phase.CONNECT, failure)
