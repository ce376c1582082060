import type { Fault } from './fault.ts';
import type { Observation } from './observation.ts';

const HEAD = [
  'Fault',
  'State',
  'Owner',
  'Served by',
  'Outage',
  'Acknowledged / lost',
  '`spare status` names',
  'Way back',
];

/** The fault matrix as a table in Markdown: what was observed, row by row. */
export function observationTable(faults: readonly Fault[], seen: ReadonlyMap<string, Partial<Observation>>): string {
  const rows = faults.flatMap((fault) => {
    const row = seen.get(fault.name);
    return row ? [cells(fault, row)] : [];
  });
  return [HEAD, HEAD.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function cells({ title, expected }: Fault, row: Partial<Observation>): string[] {
  const { outage_s, note, acknowledged, lost, command, wayBack } = row;
  const wanted = (key: 'state' | 'owner' | 'server') =>
    row[key] === expected[key] ? `${row[key]}` : `**${row[key]}** (expected ${expected[key]})`;
  return [
    note === undefined ? title : `${title}. ${note}`,
    wanted('state'),
    wanted('owner'),
    wanted('server'),
    outage_s === undefined ? '' : `${outage_s.toFixed(1)} s`,
    acknowledged === undefined ? 'not known' : `${acknowledged} / ${lost}`,
    // An SSH command line has the lab's own paths in it.
    command === undefined ? '' : command.startsWith('ssh ') ? '`ssh …`' : `\`${command}\``,
    wayBack ?? 'not known',
  ];
}
