"""Tokens for OAUTHBEARER: asked for once and used for most of their life, and errors that name their cause."""

import asyncio
import base64
import contextlib
import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest

from streams.base.settings import make
from streams.kafka.clients import client_options
from streams.kafka.secret_files import SecretFile
from streams.kafka.tokens import TokenEndpoint, TokenFile, TokenUnavailable
from tests.secured.certificates import Authority, Pair


class Endpoint:
    """A token endpoint: `answers` in turn, the last one again and again; `asked` is what came with each request."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, object]] = []
        self.asked: list[dict[str, str]] = []
        self.url = ""

    def answer(self, headers, form) -> tuple[int, object]:
        known_as = base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode()
        self.asked.append({"known_as": known_as} | {name: value[0] for name, value in parse_qs(form).items()})
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextlib.contextmanager
def token_endpoint(pair: Pair | None = None) -> Iterator[Endpoint]:
    """One on a free port of this machine, with TLS if it has a certificate."""
    endpoint = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            code, body = endpoint.answer(self.headers, form)
            self.send_response(code)
            if code == 307:
                self.send_header("Location", str(body))
            self.end_headers()
            self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        if pair:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(pair.cert, pair.key)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        endpoint.url = f"http{'s' if pair else ''}://127.0.0.1:{server.server_port}/token"
        try:
            yield endpoint
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def endpoint():
    with token_endpoint() as one:
        yield one


def token_of(tokens):
    return asyncio.run(tokens.token())


def test_a_token_is_asked_for_with_id_secret_and_scope_and_used_again(endpoint):
    endpoint.answers = [(200, {"access_token": "t1", "expires_in": 3600})]
    tokens = TokenEndpoint(endpoint.url, "id:1", "s&cret", "kafka read")
    assert [token_of(tokens), token_of(tokens)] == ["t1", "t1"], "from different event loops, as Faust's thread has"
    assert endpoint.asked == [
        {"known_as": "id%3A1:s%26cret", "grant_type": "client_credentials", "scope": "kafka read"}
    ]  # fmt: skip


def test_a_token_is_renewed_ahead_of_its_end_with_the_secret_as_it_is_then(endpoint, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("old\n")
    endpoint.answers = [(200, {"access_token": f"t{n}", "expires_in": 100}) for n in (1, 2)]
    clock = [1000.0]
    tokens = TokenEndpoint(endpoint.url, "me", SecretFile("x", secret), monotonic=lambda: clock[0])
    assert token_of(tokens) == "t1"
    clock[0] += 79
    assert token_of(tokens) == "t1"
    secret.write_text("new\n")
    clock[0] += 2
    assert token_of(tokens) == "t2"
    assert [one["known_as"] for one in endpoint.asked] == ["me:old", "me:new"]


def test_while_the_endpoint_is_out_of_order_a_token_is_used_up_to_its_end(endpoint):
    endpoint.answers = [(200, {"access_token": "t1", "expires_in": 100}), (503, b"")]
    clock = [1000.0]
    tokens = TokenEndpoint(endpoint.url, "me", "secret", monotonic=lambda: clock[0])
    assert token_of(tokens) == "t1"
    clock[0] += 99
    assert token_of(tokens) == "t1"
    clock[0] += 2
    with pytest.raises(TokenUnavailable, match="answers 503"):
        token_of(tokens)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            (401, {"error": "invalid_client", "error_description": "Unknown client"}),
            "answers 401 invalid_client Unknown",
        ),
        ((400, b"<html>"), "answers 400 Bad Request"),
        ((307, "http://127.0.0.1:1/elsewhere"), "answers 307"),
        ((200, {"expires_in": 3}), "gives no token"),
        ((200, {"access_token": ""}), "gives no token"),
        ((200, b"<html>"), "gives no token"),
        ((200, [1]), "gives no token"),
    ],
)
def test_an_endpoint_that_gives_no_token_is_named_with_its_reason_and_without_the_secret(endpoint, answer, said):
    endpoint.answers = [answer]
    with pytest.raises(TokenUnavailable) as error:
        token_of(TokenEndpoint(endpoint.url, "me", "secret-word"))
    assert said in str(error.value) and endpoint.url in str(error.value)
    assert "secret-word" not in str(error.value)


def test_what_an_endpoint_quotes_of_what_it_was_told_is_not_passed_on(endpoint):
    """The secret may have been given as the id, and servers name an id that they do not know; or the scope."""
    said = "Application 'secret-word' with scope a.b/c is unknown, not secret-words"
    endpoint.answers = [(401, {"error": "invalid_client", "error_description": said})]
    with pytest.raises(TokenUnavailable) as error:
        token_of(TokenEndpoint(f"{endpoint.url}?policy=hidden", "secret-word", "x", "a.b/c"))
    assert "answers 401 invalid_client Application '(set)' with scope (set) is unknown, not secret-words" in str(
        error.value
    )
    assert "hidden" not in str(error.value)


def test_an_endpoint_shows_a_certificate_of_an_authority_that_is_trusted_for_it(tmp_path):
    authority = Authority(tmp_path)
    oauth = {"sasl_mechanism": "OAUTHBEARER", "oauth_client_id": "me", "oauth_client_secret": "x"}
    with token_endpoint(authority.issue("idp")) as endpoint:
        endpoint.answers = [(200, {"access_token": "t1"})]
        given = {"security_protocol": "SASL_SSL", "oauth_token_url": endpoint.url, **oauth}
        with pytest.raises(TokenUnavailable, match=r"gives no token .*CERTIFICATE_VERIFY_FAILED"):
            token_of(client_options(make(**given))["sasl_oauth_token_provider"])
        trusting = client_options(make(**given, oauth_ca_file=authority.file))
        assert token_of(trusting["sasl_oauth_token_provider"]) == "t1"


def test_an_endpoint_that_is_not_there_is_named():
    with pytest.raises(TokenUnavailable, match=r"http://127.0.0.1:1/ gives no token .*refused"):
        token_of(TokenEndpoint("http://127.0.0.1:1/", "me", "secret"))


def test_the_token_of_a_file_is_the_one_that_lies_there_now(tmp_path):
    file = tmp_path / "token"
    file.write_text("one\n")
    tokens = TokenFile(file, "logicalCluster=lkc-1,identityPoolId=p")
    assert token_of(tokens) == "one"
    file.write_text("two")
    assert token_of(tokens) == "two"
    file.unlink()
    assert token_of(tokens) == "two", "it is being replaced"
    assert tokens.extensions() == {"logicalCluster": "lkc-1", "identityPoolId": "p"}
