"""Settings come from keywords, the environment and a file, in this order, and a mistake in them is told in a line."""

import contextlib
import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from streams.base.errors import SettingsError
from streams.base.security import SECURITY_NAMES
from streams.base.settings import Settings, describe, load, make, names
from streams.kafka.clients import client_options

CA_FILE = Path(__file__)  # Any file: it is only opened when a client is made.
OAUTH = {"sasl_mechanism": "OAUTHBEARER"}
SASL = {"sasl_mechanism": "SCRAM-SHA-512", "sasl_username": "worker", "sasl_password": "secret-word"}


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch):
    for name in os.environ:
        if name.startswith("RINGBACK_"):
            monkeypatch.delenv(name)


@pytest.fixture
def settings_file(tmp_path):
    def write(text):
        path = tmp_path / "ringback.toml"
        path.write_text(text)
        return path

    return write


def problems(**given):
    with pytest.raises(SettingsError) as error:
        load(**given)
    return str(error.value).splitlines()


def test_without_anything_the_defaults_hold():
    assert load() == Settings()
    assert Settings().broker == "127.0.0.1:9092"
    assert Settings().topic("wrap-up") == "ringback.wrap-up"


def test_a_keyword_wins_over_a_variable_and_that_over_the_file(monkeypatch, settings_file):
    path = settings_file('app = "file"\nprefix = "file."\nmetrics_port = 1\n')
    monkeypatch.setenv("RINGBACK_PREFIX", "variable.")
    monkeypatch.setenv("RINGBACK_METRICS_PORT", "2")
    settings = load(path, metrics_port=3)
    assert (settings.app, settings.prefix, settings.metrics_port) == ("file", "variable.", 3)


def test_a_variable_names_the_file(monkeypatch, settings_file):
    monkeypatch.setenv("RINGBACK_CONFIG", str(settings_file('app = "file"')))
    assert load().app == "file"


def test_a_keyword_none_and_an_empty_variable_are_not_given(monkeypatch):
    monkeypatch.setenv("RINGBACK_INSTANCE_ID", "")
    assert load(app=None).app == "ringback"
    assert load().instance_id is None


def test_settings_made_by_keyword_do_not_look_at_the_environment(monkeypatch):
    monkeypatch.setenv("RINGBACK_APP", "variable")
    assert Settings().app == "ringback"


def test_settings_do_not_change():
    with pytest.raises(ValueError, match="frozen"):
        Settings().app = "other"


def test_an_unknown_variable_is_an_error_with_the_nearest_name(monkeypatch):
    monkeypatch.setenv("RINGBACK_METRIC_PORT", "9000")
    assert problems() == ["unknown environment variable RINGBACK_METRIC_PORT. Did you mean RINGBACK_METRICS_PORT?"]


def test_an_unknown_name_in_the_file_is_an_error_with_the_nearest_name(settings_file):
    path = settings_file("sesion_timeout_s = 5")
    assert problems(config=path) == [f"unknown setting sesion_timeout_s in {path}. Did you mean session_timeout_s?"]


def test_variables_that_kubernetes_adds_for_a_service_are_left_alone(monkeypatch):
    for name, value in {
        "RINGBACK_SERVICE_HOST": "10.0.0.1",
        "RINGBACK_SERVICE_PORT_HTTP": "80",
        "RINGBACK_PORT": "tcp://10.0.0.1:80",
        "RINGBACK_PORT_80_TCP_ADDR": "10.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    assert load() == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("broker", "localhost"),
        ("broker", "localhost:0"),
        ("broker", "one:9092,two:99999"),
        ("broker", "one:9092,,two:9092"),
        ("broker", "PLAINTEXT://one:9092"),
        ("broker", "user:word@one:9092"),
        ("broker", "one/path:9092"),
        ("broker", "::1:20093"),
        ("broker", "[::1]"),
        ("broker", "[::1:9092"),
        ("broker", "[one]:9092"),
        ("metrics_host", ""),
        ("metrics_host", "a word/of: somebody's"),
        ("metrics_host", "[one]"),
        ("metrics_host", "127.0.0.1:9464"),
        ("app", "with space"),
        ("prefix", "ringback/"),
        ("metrics_port", 65536),
        ("metrics_port", "many"),
        ("log_level", "loud"),
        ("session_timeout_s", 0),
        ("unit_events_max", 0),
        ("security_protocol", "TLS"),
        ("tls_ca_file", "/no/such/file"),
        ("instance_id", "line\n"),
    ],
)
def test_a_value_that_does_not_fit_is_one_line_with_the_name_of_its_variable(name, value):
    (line,) = problems(**{name: value})
    assert line.startswith(f"setting {name} (RINGBACK_{name.upper()}): ")
    assert len(line) > len(f"setting {name} (RINGBACK_{name.upper()}): ") + 10, "what it should be"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_password_in_the_place_of_another_setting_is_not_quoted_back(name, monkeypatch, settings_file):
    """Blanks and a slash fit nothing that is judged by its shape; what fits, such as a path, is no mistake to us."""
    word = "Tr0ub4dor and/3:"
    for given in (
        {name: word},
        {"config": settings_file(f"{name} = '{word}'\n")},
        {"config": settings_file(f"{name} = ['{word}']\n")},
    ):
        with contextlib.suppress(SettingsError):
            load(**given)
            continue
        assert not [line for line in problems(**given) if "tr0ub4dor" in line.lower()]
    monkeypatch.setenv(f"RINGBACK_{name.upper()}", word)
    with contextlib.suppress(SettingsError):
        load()
        return
    assert not [line for line in problems() if "tr0ub4dor" in line.lower()]


@pytest.mark.parametrize(
    "broker", ["[::1]:9092", "[2001:db8::7]:9092, kafka-1:9092", "kafka_1:9092", "10.0.0.1:9092", "kafka.münchen.de:1"]
)
def test_names_and_addresses_of_either_family_are_brokers(broker):
    assert client_options(load(broker=broker))["bootstrap_servers"] == [one.strip() for one in broker.split(",")]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "[::]", "fe80::1%eth0", "localhost", "worker-1.ringback", "my_host"])
def test_names_and_addresses_of_either_family_are_hosts_of_the_page(host):
    assert load(metrics_host=host).metrics_host == host


def test_an_ipv6_address_without_brackets_is_told_of_them():
    (line,) = problems(broker="::1:20093")
    assert line == (
        "setting broker (RINGBACK_BROKER): should be HOST:PORT, without a scheme, and an IPv6 address in brackets: "
        "[::1]:9092"
    )


def test_every_mistake_has_its_line():
    assert len(problems(metrics_port="many", log_level="loud", app="")) == 3


@pytest.mark.parametrize("text", ["app = ", "app = 'ä'".encode("latin-1").decode("latin-1") + "\n="])
def test_a_file_that_is_not_toml_is_named(settings_file, text):
    path = settings_file(text)
    (line,) = problems(config=path)
    assert line.startswith(f"the settings file {path} is not TOML: ")


def test_a_file_that_is_not_there_is_named(tmp_path):
    assert problems(config=tmp_path / "no.toml") == [
        f"cannot read the settings file {tmp_path}/no.toml: No such file or directory. Check --config"
    ]


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (
            {"security_protocol": "SASL_SSL"},
            "needs sasl_mechanism, sasl_username, sasl_password or sasl_password_file",
        ),
        ({"security_protocol": "SASL_SSL", **OAUTH}, "with OAUTHBEARER needs oauth_token_file or oauth_token_url"),
        (
            {"security_protocol": "SASL_SSL", **OAUTH, "oauth_token_url": "https://idp/token"},
            "with OAUTHBEARER needs oauth_client_id, oauth_client_secret or oauth_client_secret_file",
        ),
        (
            {"security_protocol": "SASL_SSL", **OAUTH, "oauth_token_file": CA_FILE, "oauth_scope": "x"},
            "with OAUTHBEARER does not use oauth_scope",
        ),
        (
            {"security_protocol": "SASL_SSL", **SASL, "oauth_token_file": CA_FILE},
            "with SCRAM-SHA-512 does not use oauth_token_file",
        ),
        (
            {"security_protocol": "SASL_SSL", **SASL, "sasl_password_file": CA_FILE},
            "with SCRAM-SHA-512 takes only one of sasl_password or sasl_password_file",
        ),
        ({"security_protocol": "SSL", "tls_key_file": CA_FILE}, "needs tls_cert_file"),
        ({"tls_cert_file": CA_FILE}, "does not use tls_cert_file"),
        (
            {
                "security_protocol": "SSL",
                "tls_cert_file": CA_FILE,
                "tls_key_password": "a",
                "tls_key_password_file": CA_FILE,
            },
            "takes only one of tls_key_password or tls_key_password_file",
        ),
        ({"security_protocol": "SSL", **SASL}, "does not use sasl_mechanism, sasl_username, sasl_password"),
        ({"sasl_password": "secret-word"}, "does not use sasl_password"),
        (
            {"security_protocol": "SASL_PLAINTEXT", **SASL, "tls_ca_file": CA_FILE},
            "with SCRAM-SHA-512 does not use tls_ca_file",
        ),
    ],
)
def test_security_settings_that_do_not_fit_each_other_are_refused(given, line):
    protocol = given.get("security_protocol", "PLAINTEXT")
    assert problems(**given) == [f"security_protocol {protocol} {line}"]


def test_a_password_is_never_shown():
    settings = make(security_protocol="SASL_SSL", **SASL)
    assert dict(describe(settings))["sasl_password"] == "(set)"
    assert "secret-word" not in f"{settings!r} {settings} {describe(settings)}"
    assert "17" not in "".join(problems(sasl_password=17))


FREE_TEXTS = ["sasl_username", "oauth_token_url", "oauth_client_id", "oauth_scope", "oauth_extensions"]


def with_value(name: str, word: str) -> Settings:
    """Settings that hold a word, as it would be held if it fitted."""
    secret = Settings.model_fields[name].annotation == SecretStr | None
    given: dict[str, Any] = {name: SecretStr(word) if secret else word}
    return Settings.model_construct(**given)


def test_what_takes_any_text_beside_a_secret_is_never_shown_since_the_secret_may_be_there_by_mistake():
    """The others of a secured Kafka are words of a list, files that are there, or secrets."""
    word = "Tr0ub4dor"
    told = [name for name in SECURITY_NAMES if word in dict(describe(with_value(name, word)))[name]]
    paths = [name for name in SECURITY_NAMES if name.endswith("_file")]
    assert sorted(told) == sorted([*paths, "security_protocol", "sasl_mechanism"])
    for name in FREE_TEXTS:
        settings = with_value(name, word)
        assert dict(describe(settings))[name] == "(set)" and word not in repr(settings)
        assert dict(describe(Settings()))[name] == "(none)"


@pytest.mark.parametrize(
    "url",
    [
        "https://me:Tr0ub4dor@idp/token",
        "https://idp:Tr0ub4dor/token",
        "https://Tr0ub4dor@idp",
        "https://",
        "https:///x",
    ],
)
def test_a_token_endpoint_has_no_user_and_its_mistakes_are_told_without_it(url):
    given = {"security_protocol": "SASL_SSL", **OAUTH, "oauth_client_id": "me", "oauth_client_secret": "x"}
    assert problems(**given, oauth_token_url=url) == [
        "setting oauth_token_url (RINGBACK_OAUTH_TOKEN_URL): should be https://HOST/PATH or https://HOST:PORT/PATH, "
        "without a user or a password"
    ]


def test_a_token_endpoint_is_reached_by_tls_unless_it_is_on_this_machine():
    given = {"security_protocol": "SASL_SSL", **OAUTH, "oauth_client_id": "me", "oauth_client_secret": "x"}
    for url in ("http://idp.example/token", "http://localhost.evil.example/", "ftp://idp/token", "idp/token"):
        assert problems(**given, oauth_token_url=url) == [
            "setting oauth_token_url (RINGBACK_OAUTH_TOKEN_URL): should begin with https://"
        ]
    for url in ("https://idp.example/token", "http://localhost:8080/token", "http://127.0.0.1/token"):
        assert make(**given, oauth_token_url=url).oauth_token_url == url


def test_describe_names_every_setting_in_order():
    described = describe(Settings(session_timeout_s=6.5))
    assert [name for name, _ in described] == names()
    assert sorted(names()) == sorted(Settings.model_fields)
    assert dict(described)["session_timeout_s"] == "6.5"
    assert dict(described)["rebalance_timeout_s"] == "20"
    assert dict(described)["instance_id"] == "(none)"


def test_every_setting_is_documented():
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_client_options_of_a_plain_connection():
    assert client_options(Settings(broker="a:1, b:2")) == {
        "bootstrap_servers": ["a:1", "b:2"],
        "security_protocol": "PLAINTEXT",
    }


def test_client_options_carry_credentials_and_verify_the_broker():
    options = client_options(make(security_protocol="sasl_ssl", **SASL))
    assert options["security_protocol"] == "SASL_SSL"
    assert options["sasl_plain_password"] == "secret-word"
    assert options["ssl_context"].check_hostname


def test_a_file_of_authorities_that_holds_none_is_an_error_with_a_cure():
    with pytest.raises(SettingsError, match=r"^setting tls_ca_file: .*PEM file"):
        client_options(make(security_protocol="SSL", tls_ca_file=CA_FILE))


def test_a_secret_given_as_a_secret_is_kept():
    assert make(security_protocol="SASL_SSL", **SASL | {"sasl_password": SecretStr("x")}).sasl_username == "worker"
