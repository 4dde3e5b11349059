"""The answer of the first dashboard, evaluated by Prometheus for an installation with one thing wrong, or several."""

from pathlib import Path

import pytest
import yaml

from grafana.ringback_dashboards import findings
from grafana.ringback_dashboards.queries import ANY, replaced
from tests.grafana.promtool.running import needs_promtool, promtool

A, B = 'job="ringback", instance="a"', 'job="ringback", instance="b"'
ALL_ON_TIME = "0+60x20"
HEALTHY = {
    **{f"ringback_info{{{one}}}": "1" for one in (A, B)},
    **{f"ringback_broker_connected{{{one}}}": "1" for one in (A, B)},
    **{f"ringback_loop_stalled_seconds{{{one}}}": "0" for one in (A, B)},
    **{f"ringback_worker_ready{{{one}}}": "1" for one in (A, B)},
    **{f"ringback_contact_partitions{{{one}}}": "2" for one in (A, B)},
    f'ringback_partition_ready{{{A}, partition="0"}}': "1",
    f'ringback_partition_ready{{{B}, partition="1"}}': "1",
    **{
        f'ringback_callbacks_overdue{{{A}, partition="0", waits_for="{what}"}}': "0"
        for what in ("worker", "campaign_off", "rate", "hold", "unreadable")
    },
    **{
        f'ringback_lateness_seconds_{suffix}topic="dial-analysis", cause="{cause}"}}': ALL_ON_TIME if happens else "0"
        for cause, happens in (("none", True), ("backlog", False), ("zone", False), ("rate", False))
        for suffix in (f'bucket{{{A}, le="1.0", ', f"count{{{A}, ")
    },
}  # fmt: skip


def overdue(what: str) -> str:
    return f'ringback_callbacks_overdue{{{A}, partition="0", waits_for="{what}"}}'


def late(cause: str) -> str:
    return f'ringback_lateness_seconds_count{{{A}, topic="dial-analysis", cause="{cause}"}}'


NONE: dict[str, str | None] = dict.fromkeys(HEALTHY)
CASES: dict[str, tuple[dict[str, str | None], list[int]]] = {
    "all is well": ({}, []),
    "a worker that nobody asked for": ({'ringback_info{job="ringback", instance="c"}': "1"}, []),
    "a partition that two workers show": ({f'ringback_partition_ready{{{B}, partition="0"}}': "0"}, []),
    "nothing answers": (NONE, [1, 14]),
    "one worker has no broker": ({f"ringback_broker_connected{{{A}}}": "0"}, [2]),
    "the loop of one worker is blocked": ({f"ringback_loop_stalled_seconds{{{B}}}": "6"}, [3]),
    "the loop of one worker was slow": ({f"ringback_loop_stalled_seconds{{{B}}}": "5"}, []),
    "nobody holds one partition": ({f'ringback_partition_ready{{{B}, partition="1"}}': None}, [4]),
    "nobody holds any": ({name: None for name in HEALTHY if "partition_ready" in name}, [4]),
    "one partition is restored": ({f'ringback_partition_ready{{{B}, partition="1"}}': "0"}, [5]),
    "a worker is not ready": ({f"ringback_worker_ready{{{A}}}": "0"}, [6]),
    "callbacks wait for the workers": ({overdue("worker"): "1"}, [7]),
    "one of a thousand was late": ({late("none"): "0+60.1x20"}, [8]),
    "less than one of a thousand was late": ({late("none"): "0+60.05x20"}, []),
    "a backlog": ({late("backlog"): "0+1x20"}, [8]),
    "a campaign's rate made some late, and does no more": ({late("rate"): "0+1x20"}, []),
    "a campaign cannot be read": ({overdue("unreadable"): "1"}, [9]),
    "a campaign is off": ({overdue("campaign_off"): "1"}, [10]),
    "calls are held": ({overdue("hold"): "1"}, [11]),
    "a rate is too low": ({overdue("rate"): "1"}, [12]),
    "some were moved to callable hours, and late": ({late("zone"): "0+1x20"}, [13]),
    "a worker is missing": ({name: None for name in HEALTHY if f"{{{B}}}" in name}, [14]),
    "several at once": (
        {f"ringback_broker_connected{{{A}}}": "0", overdue("rate"): "3", late("backlog"): "0+1x20"}, [2, 8, 12]
    ),
}  # fmt: skip


@needs_promtool
@pytest.mark.parametrize("name", CASES)
def test_the_answer_is_the_first_thing_that_is_wrong_and_the_table_has_all(name: str, tmp_path: Path) -> None:
    changed, codes = CASES[name]
    series = {one: value for one, value in {**HEALTHY, **changed}.items() if value is not None}
    texts = {one.code: one for one in (findings.NO_WORKER, *findings.FINDINGS)}
    labels = {code: f'{{finding="{texts[code].text}", runbook="{texts[code].runbook}"}}' for code in codes}
    values = {**ANY, "expected_workers": "2"}
    test = {
        "interval": "1m",
        "input_series": [
            {"series": one, "values": value if "x" in value else f"{value}x20"} for one, value in series.items()
        ],
        "promql_expr_test": [
            {
                "expr": replaced(findings.answer(), values), "eval_time": "15m",
                "exp_samples": [{"labels": "{}", "value": codes[0] if codes else 0}],
            },
            {
                "expr": replaced(findings.table(), values), "eval_time": "15m",
                "exp_samples": [{"labels": labels[code], "value": code} for code in codes],
            },
        ],
    }  # fmt: skip
    file = tmp_path / "answer.yaml"
    file.write_text(yaml.safe_dump({"evaluation_interval": "1m", "tests": [test]}), "utf-8")
    said = promtool("test", "rules", file)
    assert said.returncode == 0, said.stdout + said.stderr


def test_every_finding_has_a_case() -> None:
    assert {code for _, codes in CASES.values() for code in codes} == {
        one.code for one in (findings.NO_WORKER, *findings.FINDINGS)
    }  # fmt: skip
