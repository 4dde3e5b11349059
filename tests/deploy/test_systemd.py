"""The unit for systemd starts a worker again whatever it ended with, but for settings that are wrong."""

from configparser import ConfigParser
from pathlib import Path

from streams.errors import SettingsError
from streams.settings import ENV_PREFIX, Settings

UNIT = Path(__file__).parents[2] / "deploy" / "systemd" / "ringback-worker@.service"


def unit() -> tuple[ConfigParser, dict[str, str]]:
    """The unit, and the environment that it gives: systemd allows a name to be there several times."""
    lines = UNIT.read_text().splitlines()
    given = [line.removeprefix("Environment=").split("=", 1) for line in lines if line.startswith("Environment=")]
    parser = ConfigParser(interpolation=None, strict=False)
    parser.read_string("\n".join(lines))
    return parser, {name: value for name, value in given}


def test_a_worker_that_ended_is_started_again_however_often_unless_its_settings_are_wrong():
    parser, _ = unit()
    assert parser["Service"]["Restart"] == "always"
    assert parser["Unit"]["StartLimitIntervalSec"] == "0"
    assert parser["Service"]["RestartPreventExitStatus"] == str(SettingsError.exit_code)


def test_it_names_settings_that_there_are_and_a_name_and_a_folder_for_each_worker():
    _, environment = unit()
    assert {name.removeprefix(ENV_PREFIX).lower() for name in environment} <= set(Settings.model_fields)
    assert "%i" in environment["RINGBACK_INSTANCE_ID"] and "%i" in environment["RINGBACK_STATE_DIR"]
