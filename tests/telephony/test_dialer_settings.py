"""The settings of the reference dialer: the file that is shipped, and what is refused."""

import re
import ssl
from pathlib import Path

import msgspec
import pytest
import trustme

from examples.asterisk_dialer.settings import Asterisk, Settings, SettingsError, load

SHIPPED = Path(__file__).parents[2] / "examples" / "asterisk_dialer" / "dialer.toml"
SHORT = '[kafka]\nbootstrap_servers = "kafka:9092"\n[asterisk]\nurl = "http://pbx:8088"\nuser = "ringback"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "dialer.toml"
    path.write_text(text)
    return path


def test_the_shipped_file_names_every_setting_and_its_comments_are_the_defaults(tmp_path):
    text = SHIPPED.read_text("utf-8")
    lines = re.sub(r"^# (\w+ = \S+)(, or .*)?$", r"\1", text, flags=re.M)
    lines = re.sub(r"^(security_protocol|sasl_\w+|cafile) = .*\n", "", lines, flags=re.M)
    given = msgspec.toml.decode(lines)
    assert load(written(tmp_path, lines)) == load(SHIPPED)
    assert set(given) == set(Settings.__struct_fields__)
    assert set(given["asterisk"]) == set(Asterisk.__struct_fields__)


def test_the_password_may_come_from_the_environment(tmp_path, monkeypatch):
    path = written(tmp_path, SHORT + 'password = "file"\n')
    assert load(path).asterisk.password == "file"
    monkeypatch.setenv("ARI_PASSWORD", "environment")
    assert load(path).asterisk.password == "environment"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "No such file"),
        ("prefix = ", "Invalid value"),
        ("[kafka]\n", "asterisk"),
        ("lines = 3\n" + SHORT, "lines"),
        ('agents_host = "0.0.0.0"\n' + SHORT, "loopback"),
        ('agents_host = "desk"\n' + SHORT, "desk"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_reason(tmp_path, text, why):
    path = tmp_path / "none.toml" if text is None else written(tmp_path, text)
    with pytest.raises(SettingsError, match=why):
        load(path)


def test_clients_of_a_secured_kafka_have_its_certificates_and_the_plain_ones_have_none(tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    secured = {"security_protocol": "SASL_SSL", "sasl_mechanism": "SCRAM-SHA-512", "cafile": str(tmp_path / "ca.pem")}
    asterisk = Asterisk(url="http://pbx:8088", user="ringback")
    given = Settings(asterisk=asterisk, kafka=secured).clients()
    assert isinstance(given.pop("ssl_context"), ssl.SSLContext)
    assert given == {"security_protocol": "SASL_SSL", "sasl_mechanism": "SCRAM-SHA-512"}
    plain = {"bootstrap_servers": "kafka:9092"}
    assert Settings(asterisk=asterisk, kafka=plain).clients() == plain
