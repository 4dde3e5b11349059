// One dashboard, as its JSON has it: ?dashboard=on-time&end=SECONDS&seconds=900&scrape=5.
import { createTheme, ThemeContext } from '@grafana/data';
import { GlobalStyles, PortalContainer } from '@grafana/ui';
import { createRoot } from 'react-dom/client';
import { Panel } from './panels.jsx';
import { end, replaced, timeRange, variables } from './prometheus.js';

const files = import.meta.glob('../../dashboards/*.json', { eager: true, import: 'default' });
const name = new URLSearchParams(window.location.search).get('dashboard') ?? 'on-time';
const dashboard = files[`../../dashboards/${name}.json`];
const WIDTH = 1600;
const COLUMN = WIDTH / 24;
const ROW = 38;
const GAP = 8;
const theme = createTheme({ colors: { mode: 'dark' } });

const shownAs = (one) => (one.type === 'query' ? 'All' : variables[one.name] ?? one.query);

function Top() {
  const chosen = dashboard.templating.list.filter((one) => one.name !== 'docs');
  return (
    <header>
      <h1>{dashboard.title}</h1>
      <span className="time">{`${timeRange.from.utc().format('YYYY-MM-DD HH:mm:ss')} to ${timeRange.to.utc().format('HH:mm:ss')} UTC`}</span>
      <div>{chosen.map((one) => <span className="choice" key={one.name}><b>{one.label}</b>{shownAs(one)}</span>)}</div>
    </header>
  );
}

function Page() {
  const bottom = Math.max(...dashboard.panels.map(({ gridPos: { y, h } }) => y + h));
  return (
    <div style={{ width: WIDTH + 2 * GAP, padding: GAP }} id="page">
      <Top />
      <main style={{ position: 'relative', height: bottom * ROW }}>
        {dashboard.panels.map((panel) => {
          const { x, y, w, h } = panel.gridPos;
          const width = w * COLUMN - GAP;
          const style = { position: 'absolute', left: x * COLUMN, top: y * ROW, width, height: h * ROW - GAP };
          return (
            <div key={panel.id} style={style}>
              {panel.type === 'row' ? <h2>{panel.title}</h2> : <Panel panel={panel} width={width} height={h * ROW - GAP} />}
            </div>
          );
        })}
      </main>
    </div>
  );
}

const STYLE = `
body { background: ${theme.colors.background.canvas}; margin: 0; }
header h1 { font-size: 22px; margin: 0 16px 4px 0; display: inline-block; }
.time { color: ${theme.colors.text.secondary}; }
.choice { background: ${theme.colors.background.secondary}; border-radius: 2px; margin: 4px 8px 8px 0; padding: 4px 8px; display: inline-block; }
.choice b { color: ${theme.colors.text.secondary}; font-weight: 500; margin-right: 8px; }
h2 { font-size: 16px; margin: 8px 0 0; }
.empty { align-items: center; color: ${theme.colors.text.secondary}; display: flex; height: 100%; justify-content: center; }
.markdown-html { padding: 4px; }
`;

createRoot(document.getElementById('root')).render(
  <ThemeContext.Provider value={theme}>
    <GlobalStyles />
    <style>{STYLE}</style>
    <PortalContainer />
    <Page />
  </ThemeContext.Provider>
);
document.title = replaced(`${dashboard.title} ${end}`);
