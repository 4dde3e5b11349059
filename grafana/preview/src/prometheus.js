// Asks Prometheus for what a panel of a dashboard shows, and gives data frames as Grafana's data source does.
import { FieldType, getDefaultTimeRange, dateTime } from '@grafana/data';

const POINTS = 240;

// Every variable as Grafana has it when nothing was chosen; the address of the page may have others.
const address = new URLSearchParams(window.location.search);
const range = Number(address.get('seconds') ?? 900);
export const end = Number(address.get('end') ?? Date.now() / 1000);
const step = Math.max(5, Math.ceil(range / POINTS / 5) * 5);
const scrape = Number(address.get('scrape') ?? 5);
export const variables = {
  datasource: 'Prometheus', cluster: '.*', namespace: '.*', job: '.+', instance: '.+', campaign: '.+',
  expected_workers: address.get('expected_workers') ?? '1', docs: 'docs',
  __rate_interval: `${Math.max(step + scrape, 4 * scrape)}s`, __interval: `${step}s`, __range: `${range}s`,
};

export const timeRange = { ...getDefaultTimeRange(), from: dateTime((end - range) * 1000), to: dateTime(end * 1000) };

export function replaced(text) {
  const names = Object.keys(variables).sort((one, other) => other.length - one.length);
  return names.reduce((so, name) => so.replaceAll(`\${${name}}`, variables[name]).replaceAll(`$${name}`, variables[name]), text);
}

async function ask(path, parameters) {
  const answer = await (await fetch(`/api/v1/${path}?${new URLSearchParams(parameters)}`)).json();
  if (answer.status !== 'success') throw new Error(answer.error);
  return answer.data.result;
}

function legend(target, labels) {
  const shown = target.legendFormat.replace(/{{\s*(\w+)\s*}}/g, (_, name) => labels[name] ?? '');
  return shown || target.refId;
}

const number = (text) => (text === 'NaN' ? NaN : text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text));

function seriesFrame(target, one) {
  const points = one.values ?? [one.value];
  const { __name__, ...labels } = one.metric;
  // A gap is a gap: a scrape that is not there is null, as in Grafana.
  const at = new Map(points.map(([time, value]) => [Math.round(time), number(value)]));
  const times = one.values ? [] : [points[0][0]];
  if (one.values) for (let time = points[0][0]; time <= points.at(-1)[0]; time += step) times.push(time);
  return {
    refId: target.refId,
    name: legend(target, labels),
    length: times.length,
    fields: [
      { name: 'Time', type: FieldType.time, config: {}, values: times.map((time) => time * 1000) },
      {
        name: 'Value', type: FieldType.number, labels, config: { displayNameFromDS: legend(target, labels) },
        values: times.map((time) => at.get(Math.round(time)) ?? null),
      },
    ],
  };
}

// The heatmap format: buckets by their bound, each without those below it.
function buckets(target, result) {
  const bound = (one) => number(one.metric.le);
  let below = 0;
  return [...result].sort((one, other) => bound(one) - bound(other)).map((one) => {
    const upTo = number(one.value[1]);
    const frame = seriesFrame(target, { ...one, value: [one.value[0], String(upTo - below)] });
    below = upTo;
    return frame;
  });
}

// The rows of all queries of a table, those with equal labels joined; columns by the names that Grafana gives them.
function rows(targets, results) {
  const joined = [];
  results.forEach((result, index) => {
    const column = targets.length > 1 ? `Value #${targets[index].refId}` : 'Value';
    for (const { metric, value } of result) {
      const same = (row) => Object.keys(metric).every((name) => !(name in row) || row[name] === metric[name]) &&
        Object.keys(metric).some((name) => row[name] === metric[name]) && !(column in row);
      const row = targets.length > 1 ? joined.find(same) : undefined;
      Object.assign(row ?? joined[joined.push({}) - 1], metric, { [column]: number(value[1]) });
    }
  });
  return joined;
}

export async function frames(panel) {
  const targets = panel.targets ?? [];
  const results = await Promise.all(targets.map((target) => {
    const query = replaced(target.expr);
    if (target.instant) return ask('query', { query, time: end });
    return ask('query_range', { query, start: end - range, end, step });
  }));
  if (panel.type === 'table') return [tableFrame(panel, rows(targets, results))];
  return results.flatMap((result, index) => {
    const target = targets[index];
    return target.format === 'heatmap' ? buckets(target, result) : result.map((one) => seriesFrame(target, one));
  });
}

function tableFrame(panel, joined) {
  const { renameByName, indexByName } = panel.transformations.find((one) => one.id === 'organize').options;
  const names = Object.keys(renameByName).sort((one, other) => indexByName[one] - indexByName[other]);
  return {
    refId: 'A',
    length: joined.length,
    fields: names.map((name) => ({
      name: renameByName[name],
      type: name.startsWith('Value') ? FieldType.number : FieldType.string,
      config: {},
      values: joined.map((row) => row[name] ?? null),
    })),
  };
}
