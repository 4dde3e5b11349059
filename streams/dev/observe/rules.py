"""The recording and alerting rules, as files: of an installed package, or of the folder that it is developed in."""

from pathlib import Path

from streams.base.errors import OperatorError

PACKAGED = Path(__file__).parent / "alert_rules"
"""The build of the package puts the files there (`force-include` in pyproject.toml)."""
DEVELOPED = Path(__file__).parents[3] / "grafana" / "rules"


def rule_files(*folders: Path) -> list[Path]:
    """Every rule file of the first of `folders` that has any; without `folders`, those that come with Ringback.

    Raises OperatorError when there are none.
    """
    for folder in folders or (PACKAGED, DEVELOPED):
        if found := sorted(folder.glob("*.yaml")):
            return found
    raise OperatorError(
        "the alert rules are not there: this installation of Ringback is incomplete. Install it again, or run this in "
        "its repository"
    )
