"""TLS of a client: closing does not wait for the other side, and certificates are read anew when they change."""

import asyncio
import contextlib
import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvloop

from streams.base.errors import SettingsError
from streams.base.settings import make
from streams.kafka.clients import client_options
from streams.kafka.secret_files import SecretFile
from streams.kafka.tls import Files, context_of
from tests.secured.certificates import HOST, Authority

GUARD_S = 25
"""Less than the 30 s that uvloop waits for a good-bye; nothing here takes a tenth of a second."""
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def name_on(connection: ssl.SSLSocket) -> str:
    """Of the certificate that the other side has shown; empty without one."""
    subject: Any = (connection.getpeercert() or {}).get("subject", ())
    return next((value for ((field, value),) in subject if field == "commonName"), "")


@contextlib.contextmanager
def served(pair, trusting=None) -> Iterator[tuple[int, list[str]]]:
    """A TLS server that never says good-bye: its port, and the names of the clients that have shown a certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.cert, pair.key)
    if trusting:
        context.load_verify_locations(trusting)
        context.verify_mode = ssl.CERT_REQUIRED
    names: list[str] = []
    kept: list[ssl.SSLSocket] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError):
                kept.append(context.wrap_socket(connection, server_side=True, suppress_ragged_eofs=False))
                names.append(name_on(kept[-1]))
                kept[-1].sendall(b"x")  # The handshake of TLS 1.3 is over for the client before it is here.

    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1], names
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in kept:
                connection.close()


def connected_and_closed(context, port, new_loop=asyncio.new_event_loop):
    """Connect, read a byte, close, and wait until it is closed. Raises TimeoutError, ssl.SSLError."""

    async def run() -> None:
        reader, writer = await asyncio.open_connection(HOST, port, ssl=context)
        await reader.readexactly(1)
        writer.close()
        async with asyncio.timeout(GUARD_S):
            await writer.wait_closed()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(run())


@pytest.mark.parametrize("loop", LOOPS)
def test_closing_a_tls_connection_does_not_wait_for_a_good_bye_that_does_not_come(authority, loop):
    with served(authority.issue("broker")) as (port, _):
        connected_and_closed(context_of(Files(ca=authority.file)), port, LOOPS[loop])


def test_a_client_certificate_that_is_replaced_is_shown_to_the_next_broker(authority):
    own, renewed = authority.issue("worker"), authority.issue("worker-renewed")
    context = context_of(Files(authority.file, own.cert, own.key))
    with served(authority.issue("broker"), trusting=authority.file) as (port, names):
        connected_and_closed(context, port)
        shutil.copy(renewed.cert, own.cert)
        shutil.copy(renewed.key, own.key)
        connected_and_closed(context, port)
    assert names == ["worker", "worker-renewed"]


def test_files_behind_links_are_read_anew_when_the_link_is_turned_as_kubernetes_does(authority, tmp_path):
    own, renewed = authority.issue("worker"), authority.issue("worker-renewed")
    for number, pair in enumerate((own, renewed)):
        (tmp_path / f"data-{number}").mkdir()
        shutil.copy(pair.both, tmp_path / f"data-{number}" / "tls.pem")
    (tmp_path / "data").symlink_to(tmp_path / "data-0")
    context = context_of(Files(authority.file, tmp_path / "data" / "tls.pem"))
    with served(authority.issue("broker"), trusting=authority.file) as (port, names):
        connected_and_closed(context, port)
        (tmp_path / "turned").symlink_to(tmp_path / "data-1")
        (tmp_path / "turned").replace(tmp_path / "data")
        connected_and_closed(context, port)
    assert names == ["worker", "worker-renewed"]


def test_an_authority_that_is_replaced_is_trusted_no_more(authority, tmp_path):
    context = context_of(Files(ca=authority.file))
    with served(authority.issue("broker")) as (port, _):
        connected_and_closed(context, port)
        shutil.copy(Authority(tmp_path, "another").file, authority.file)
        with pytest.raises(ssl.SSLCertVerificationError):
            connected_and_closed(context, port)


def test_while_certificate_and_key_do_not_fit_each_other_those_of_before_stay_in_use(authority, caplog):
    own, renewed = authority.issue("worker"), authority.issue("worker-renewed")
    context = context_of(Files(authority.file, own.cert, own.key))
    with served(authority.issue("broker"), trusting=authority.file) as (port, names):
        shutil.copy(renewed.cert, own.cert)
        connected_and_closed(context, port)
        assert "not the key of the certificate" in caplog.text and "stays in use" in caplog.text
        shutil.copy(renewed.key, own.key)
        connected_and_closed(context, port)
        own.cert.unlink()
        connected_and_closed(context, port)
    assert names == ["worker", "worker-renewed", "worker-renewed"]


def test_an_encrypted_key_is_opened_with_the_password_of_a_file_that_is_read_anew_with_it(authority, tmp_path):
    own, renewed = authority.issue("worker", password=b"old"), authority.issue("worker-renewed", password=b"new")
    (tmp_path / "password").write_text("old\n")
    context = context_of(Files(authority.file, own.cert, own.key, SecretFile("x", tmp_path / "password")))
    with served(authority.issue("broker"), trusting=authority.file) as (port, names):
        connected_and_closed(context, port)
        shutil.copy(renewed.cert, own.cert)
        shutil.copy(renewed.key, own.key)
        connected_and_closed(context, port)
        (tmp_path / "password").write_text("new\n")
        connected_and_closed(context, port)
    assert names == ["worker", "worker", "worker-renewed"], "the password comes last, whoever writes the files"


def refused(**given):
    with pytest.raises(SettingsError) as error:
        client_options(make(security_protocol="SSL", **given))
    (line,) = str(error.value).splitlines()
    return line


def test_files_that_cannot_be_used_are_told_in_one_line_with_their_setting(authority, tmp_path):
    own, other, locked = authority.issue("a"), authority.issue("b"), authority.issue("c", password=b"secret-word")
    junk = tmp_path / "junk"
    junk.write_text("junk")
    assert "tls_ca_file" in refused(tls_ca_file=junk)
    assert "tls_cert_file and tls_key_file: they are no PEM" in refused(tls_cert_file=junk, tls_key_file=own.key)
    assert "tls_key_file is not the key" in refused(tls_cert_file=own.cert, tls_key_file=other.key)
    assert "encrypted. Give tls_key_password_file" in refused(tls_cert_file=locked.cert, tls_key_file=locked.key)
    wrong = refused(tls_cert_file=locked.cert, tls_key_file=locked.key, tls_key_password="wrong-word")
    assert "tls_key_password does not open the key" in wrong and "wrong-word" not in wrong
    empty = tmp_path / "empty"
    empty.write_text("\n")
    given = {"tls_cert_file": locked.cert, "tls_key_file": locked.key}
    assert "tls_key_password_file: the file" in refused(**given, tls_key_password_file=empty)
