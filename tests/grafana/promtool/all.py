"""All cases."""

from tests.grafana.promtool.events import EVENTS
from tests.grafana.promtool.late import LATENESS
from tests.grafana.promtool.not_made import NOT_MADE
from tests.grafana.promtool.partitions import PARTITIONS
from tests.grafana.promtool.trouble import TROUBLE
from tests.grafana.promtool.workers import WORKERS

ALL = (*WORKERS, *PARTITIONS, *TROUBLE, *LATENESS, *NOT_MADE, *EVENTS)
