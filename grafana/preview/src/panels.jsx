// Panels of a dashboard in Grafana's own components.
import {
  FieldType, formattedValueToString, getDisplayProcessor, getFieldDisplayName, renderMarkdown,
} from '@grafana/data';
import { BarGauge, BigValue, PanelChrome, Table, TimeSeries, useTheme2 } from '@grafana/ui';
import { cloneDeep } from 'lodash';
import { useEffect, useState } from 'react';
import { frames, replaced, timeRange } from './prometheus.js';

const ZONE = 'utc';

// What Grafana's field configuration does, for the options that our dashboards use.
function configured(panel, found, theme) {
  const { defaults, overrides } = panel.fieldConfig;
  let index = 0;
  for (const frame of found) {
    for (const field of frame.fields) {
      const config = { ...cloneDeep(defaults), ...field.config, custom: { ...cloneDeep(defaults.custom) } };
      const name = getFieldDisplayName(field, frame, found);
      for (const { matcher, properties } of overrides) {
        if (matcher.id !== 'byName' || matcher.options !== name) continue;
        for (const { id, value } of properties) {
          if (id.startsWith('custom.')) config.custom[id.slice('custom.'.length)] = value;
          else config[id] = value;
        }
      }
      field.config = config;
      field.state = { displayName: config.displayName ?? name, seriesIndex: field.type === FieldType.number ? index++ : 0 };
      field.display = getDisplayProcessor({ field, theme, timeZone: ZONE });
      field.getLinks = ({ valueRowIndex }) => (config.links ?? []).map((link) => ({
        href: replaced(link.url).replace('${__value.raw}', field.values[valueRowIndex]), title: link.title, target: '_blank', origin: field,
      }));
    }
  }
  return found;
}

function Graph({ panel, found, width, height }) {
  const { legend } = panel.options;
  return (
    <TimeSeries
      frames={found} width={width} height={height} timeRange={timeRange} timeZone={ZONE} legend={legend}
      options={panel.options} structureRev={1}
    />
  );
}

function Number_({ panel, found, width, height }) {
  const theme = useTheme2();
  const field = found[0].fields.find((one) => one.type === FieldType.number);
  const value = { ...field.display(field.values.at(-1)), title: undefined };
  const { colorMode, graphMode, justifyMode, textMode, text } = panel.options;
  return (
    <BigValue
      value={value} width={width} height={height} theme={theme} colorMode={colorMode} graphMode={graphMode}
      justifyMode={justifyMode} textMode={textMode} text={text}
    />
  );
}

function Bars({ panel, found, width, height }) {
  const theme = useTheme2();
  const fields = found.map((frame) => frame.fields.find((one) => one.type === FieldType.number));
  const most = Math.max(...fields.map((field) => field.values.at(-1)), 1);
  const each = Math.min(32, height / fields.length);
  const values = fields.map((field) => ({ ...field.display(field.values.at(-1)), title: field.state.displayName }));
  const longest = (of) => values.map(of).reduce((one, other) => (other.length > one.length ? other : one), '');
  const alignmentFactors = { title: longest((value) => value.title), text: longest(formattedValueToString) };
  return fields.map((field, index) => (
    <div key={values[index].title} style={{ height: each }}>
      <BarGauge
        width={width} height={each - 4} theme={theme} field={{ ...field.config, min: 0, max: most }} display={field.display}
        value={values[index]} orientation={panel.options.orientation} displayMode={panel.options.displayMode}
        showUnfilled={panel.options.showUnfilled} valueDisplayMode={panel.options.valueMode} alignmentFactors={alignmentFactors}
      />
    </div>
  ));
}

const Rows = ({ found, width, height }) => <Table data={found[0]} width={width} height={height} />;

const KINDS = { timeseries: Graph, stat: Number_, bargauge: Bars, table: Rows };
const isEmpty = (found) => found.every((frame) => frame.length === 0);

function Content({ panel, width, height }) {
  const theme = useTheme2();
  const [state, setState] = useState({});
  useEffect(() => {
    frames(panel).then((found) => setState({ found: configured(panel, found, theme) }), (error) => setState({ error }));
  }, [panel, theme]);
  if (state.error) return <p data-error>{state.error.message}</p>;
  if (!state.found) return <p data-waiting>…</p>;
  if (isEmpty(state.found)) {
    return <div className="empty">{panel.fieldConfig.defaults.noValue ?? 'No data'}</div>;
  }
  const Kind = KINDS[panel.type];
  return <Kind panel={panel} found={state.found} width={width} height={height} />;
}

export function Panel({ panel, width, height }) {
  if (panel.type === 'text') {
    const html = renderMarkdown(replaced(panel.options.content));
    return (
      <PanelChrome title={panel.title} description={panel.description} width={width} height={height}>
        {() => <div className="markdown-html" dangerouslySetInnerHTML={{ __html: html }} />}
      </PanelChrome>
    );
  }
  return (
    <PanelChrome title={panel.title} description={panel.description} width={width} height={height}>
      {(w, h) => <Content panel={panel} width={w} height={h} />}
    </PanelChrome>
  );
}
