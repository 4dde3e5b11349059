"""The unit for systemd starts a worker again whatever it ended with, but for settings that are wrong."""

from configparser import ConfigParser
from pathlib import Path

from streams.base.errors import SettingsError
from streams.base.settings import ENV_PREFIX, Settings

UNIT = Path(__file__).parents[2] / "deploy" / "systemd" / "ringback-worker@.service"


SECRETS = UNIT.parent / "secrets.conf"


def unit(path: Path = UNIT) -> tuple[ConfigParser, dict[str, str]]:
    """The unit, and the environment that it gives: systemd allows a name to be there several times."""
    lines = path.read_text().splitlines()
    given = [line.removeprefix("Environment=").split("=", 1) for line in lines if line.startswith("Environment=")]
    parser = ConfigParser(interpolation=None, strict=False)
    parser.read_string("\n".join(lines))
    return parser, {name: value for name, value in given}


def test_a_worker_that_ended_is_started_again_however_often_unless_its_settings_are_wrong():
    parser, _ = unit()
    assert parser["Service"]["Restart"] == "always"
    assert parser["Unit"]["StartLimitIntervalSec"] == "0"
    no_credentials = 243  # EXIT_CREDENTIALS of systemd.exec(5)
    assert parser["Service"]["RestartPreventExitStatus"] == f"{SettingsError.exit_code} {no_credentials}"


def test_it_names_settings_that_there_are_and_a_name_and_a_folder_for_each_worker():
    _, environment = unit()
    assert {name.removeprefix(ENV_PREFIX).lower() for name in environment} <= set(Settings.model_fields)
    assert "%i" in environment["RINGBACK_INSTANCE_ID"] and "%i" in environment["RINGBACK_STATE_DIR"]


def test_its_settings_are_read_from_a_file_that_only_root_can_read():
    """systemd copies what LoadCredential names for a user that is made with the unit."""
    parser, _ = unit()
    name, _, file = parser["Service"]["LoadCredential"].partition(":")
    assert file.startswith("/etc/ringback/")
    assert parser["Service"]["ExecStart"].endswith(f"--config ${{CREDENTIALS_DIRECTORY}}/{name}")
    assert "/etc/" not in parser["Service"]["ExecStart"] and parser["Service"]["DynamicUser"] == "yes"


def test_each_secret_is_a_credential_that_a_setting_names():
    _, environment = unit(SECRETS)
    loaded = [line.removeprefix("LoadCredential=").partition(":")[0] for line in SECRETS.read_text().splitlines()
              if line.startswith("LoadCredential=")]  # fmt: skip
    assert sorted(environment.values()) == sorted(f"%d/{name}" for name in loaded)
    assert {name.removeprefix(ENV_PREFIX).lower() for name in environment} <= set(Settings.model_fields)
