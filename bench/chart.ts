import { formatValue, type Report } from './report.ts';

const WIDTH = 1100;
const ROW_HEIGHT = 34;
const TOP = 74;
const BOTTOM = 46;
const PLOT_LEFT = 410;
const PLOT_RIGHT = 870;
const BAR_HEIGHT = 14;
const COLORS = {
  reached: '#2e7d5b',
  missed: '#c07a2b',
  text: '#1f2933',
  faint: '#6b7785',
  line: '#d5dbe1',
  paper: '#ffffff',
};
const FONT = 'font-family="Helvetica, Arial, sans-serif"';

interface Bar {
  title: string;
  note: string;
  /** As drawn: above 1 is better than what it is compared with, also where a lower value is better. */
  ratio: number;
  low: number;
  high: number;
  goal: number;
  reached: boolean;
}

/** A bar for each figure that has a goal, with its spread, and the goal as a tick. SVG as text. */
export function drawChart(report: Report): string {
  const bars = barsOf(report);
  const end = Math.ceil(Math.max(1, ...bars.flatMap(({ high, goal }) => [high, goal])) * 2) / 2;
  const x = (ratio: number) => PLOT_LEFT + (Math.min(ratio, end) / end) * (PLOT_RIGHT - PLOT_LEFT);
  const height = TOP + bars.length * ROW_HEIGHT + BOTTOM;
  const ticks = Array.from({ length: Math.floor(end) + 1 }, (_, ratio) => ratio);
  const { machine, options, startedAt } = report;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    '<title>Speed of spare serve as ratios to tgt</title>',
    `<rect width="${WIDTH}" height="${height}" fill="${COLORS.paper}"/>`,
    text(20, 30, 'Speed of spare serve as ratios to tgt', { size: 18, weight: 'bold' }),
    text(
      20,
      50,
      `${machine.processor}, ${machine.processorCount} processors, Node ${machine.node}, tgt ${machine.tgt}, ${options.runs} runs of ${options.seconds} s, ${startedAt.slice(0, 10)}`,
      { size: 11, color: COLORS.faint },
    ),
    ...ticks.flatMap((ratio) => [
      `<line x1="${x(ratio)}" x2="${x(ratio)}" y1="${TOP - 6}" y2="${height - BOTTOM}" stroke="${ratio === 1 ? COLORS.faint : COLORS.line}"/>`,
      text(x(ratio), height - BOTTOM + 16, String(ratio), { size: 11, color: COLORS.faint, anchor: 'middle' }),
    ]),
    ...bars.flatMap((bar, row) => drawBar(bar, TOP + row * ROW_HEIGHT, x)),
    text(
      20,
      height - 12,
      'Bar: median of the runs. Thin line: lowest to highest run. Black tick: goal. Rows with CRC32C: against spare without. p99: tgt’s ÷ ours. Other hosts: before ÷ during.',
      { size: 11, color: COLORS.faint },
    ),
    '</svg>',
    '',
  ].join('\n');
}

function barsOf({ metrics, extras }: Report): Bar[] {
  const compared = metrics.flatMap(({ title, unit, better, ratio, goal, subject, baseline, reached }) => {
    if (goal === null) return [];
    const drawn = (value: number) => (better === 'higher' ? value : 1 / value);
    const ends = [drawn(ratio.minimum), drawn(ratio.maximum)];
    return [
      {
        title,
        note: `${formatValue(subject.median, unit)} : ${formatValue(baseline.median, unit)}`,
        ratio: drawn(ratio.median),
        low: Math.min(...ends),
        high: Math.max(...ends),
        goal: drawn(goal),
        reached: reached === true,
      },
    ];
  });
  // How much other hosts are slowed: also drawn so that longer is better, and without a spread.
  const isolation = extras.flatMap(({ title, unit, value, peer, limit }) => {
    if (unit !== 'ratio' || limit === null) return [];
    const note = `${value.toFixed(2)}${peer === null ? '' : ` : ${peer.toFixed(2)}`}`;
    const ratio = 1 / value;
    return [{ title, note, ratio, low: ratio, high: ratio, goal: 1 / limit, reached: value <= limit }];
  });
  return [...compared, ...isolation];
}

function drawBar(bar: Bar, top: number, x: (ratio: number) => number): string[] {
  const middle = top + ROW_HEIGHT / 2 - 3;
  const color = bar.reached ? COLORS.reached : COLORS.missed;
  const barTop = middle - BAR_HEIGHT / 2;
  return [
    text(PLOT_LEFT - 12, middle + 4, bar.title, { size: 12, anchor: 'end' }),
    `<rect x="${PLOT_LEFT}" y="${barTop}" width="${x(bar.ratio) - PLOT_LEFT}" height="${BAR_HEIGHT}" fill="${color}"/>`,
    `<line x1="${x(bar.low)}" x2="${x(bar.high)}" y1="${barTop + BAR_HEIGHT + 3}" y2="${barTop + BAR_HEIGHT + 3}" stroke="${COLORS.text}"/>`,
    `<rect x="${x(bar.goal) - 1.5}" y="${barTop - 4}" width="3" height="${BAR_HEIGHT + 8}" fill="${COLORS.text}"/>`,
    text(PLOT_RIGHT + 14, middle + 4, bar.ratio.toFixed(2), { size: 12, weight: 'bold' }),
    text(PLOT_RIGHT + 50, middle + 4, bar.note, { size: 10, color: COLORS.faint }),
  ];
}

interface TextStyle {
  size: number;
  weight?: 'bold';
  color?: string;
  anchor?: 'middle' | 'end';
}

function text(x: number, y: number, content: string, style: TextStyle): string {
  const { size, weight = 'normal', color = COLORS.text, anchor = 'start' } = style;
  const attributes = `font-size="${size}" font-weight="${weight}" fill="${color}" text-anchor="${anchor}"`;
  return `<text x="${x}" y="${y}" ${FONT} ${attributes}>${escapeXml(content)}</text>`;
}

function escapeXml(content: string): string {
  return content.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
