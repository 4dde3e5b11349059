"""Alerts of what is read: lag, dead letters, configuration, logs that lost records."""

from grafana.ringback_rules.model import INSTALLATION as K
from grafana.ringback_rules.model import Alert, Number, Seconds
from grafana.ringback_rules.recordings import grown

ALERTS = (
    Alert(
        name="RingbackConsumerLag",
        severity="page",
        expr="""
ringback:consumer_lag_seconds:max{topic!="contacts"} > $behind
or
ringback:consumer_lag_seconds:max > $import""",
        numbers={"behind": Seconds(300), "import": Seconds(3600)},
        for_s=300,
        summary="Ringback is behind on {{ $labels.topic }}: what was sent minutes ago has no effect yet",
        description="""
            The worst partition is {{ $value }} s behind at the present rate of events; +Inf: nothing moves.
            Look at whether all partitions are ready, and at the duration of transactions. An import makes
            contacts lag for a while.""",
        dashboard="ringback-engine",
    ),
    Alert(
        name="RingbackConfigurationHeldBack",
        severity="ticket",
        expr="ringback:configuration_held_back_seconds:max > $held",
        numbers={"held": Seconds(300, least=5)},
        summary="Changes on {{ $labels.topic }} have no effect: somebody's transaction hides them",
        description="""
            A producer that is not Ringback has had a transaction open for {{ $value | humanizeDuration }},
            and no reader sees later records. Find it with kafka-transactions.sh find-hanging, and end it.""",
        dashboard="ringback-engine",
    ),
    Alert(
        name="RingbackDeadLetters",
        severity="ticket",
        expr='ringback:dead_letters:increase15m{code!="internal_error"} > $none',
        numbers={"none": Number(0)},
        summary="{{ $value | humanize }} records were refused as {{ $labels.code }} and have no effect",
        description="""
            Somebody sends what cannot be used. The dead letters have topic, offset and the path of the bad
            field; repair the cause, then send them again.""",
        dashboard="ringback-engine",
    ),
    Alert(
        name="RingbackDncDiffers",
        severity="page",
        expr=f"""
ringback_configuration_offset{{topic="dnc-entries"}}
  < on ({K}, topic) group_left
  max by ({K}, topic) (ringback_configuration_offset offset 5m)""",
        for_s=300,
        summary="{{ $labels.instance }} lacks the latest Do Not Call entries and may call who must not be called",
        description="""
            It has not read what another worker had read more than five minutes ago. Start it again; if that
            does not help, stop it.""",
        dashboard="ringback-engine",
    ),
    Alert(
        name="RingbackLogGap",
        severity="page",
        expr=grown("ringback_log_gaps_total", "15m"),
        numbers={"none": Number(0)},
        summary="Kafka lost records of {{ $labels.topic }} ({{ $labels.kind }}): what they said may not be known",
        description="""
            shorter: the log lost its end, and the rest is read from its beginning. records_deleted: events
            were deleted before {{ $labels.instance }} had read them. Find out what was lost, and have it sent
            again.""",
        dashboard="ringback-engine",
    ),
)
