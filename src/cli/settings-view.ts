import type { HostSettings } from '../operations/host-settings.ts';

/** What `spare set HOST --json` prints of the settings. */
export interface ShownSettings extends Omit<HostSettings, 'fenceCommand'> {
  fenceCommand: string | null;
}

const ROWS: readonly (readonly [string, (settings: ShownSettings) => string])[] = [
  ['policy', ({ policy }) => policy],
  ['fence command', ({ fenceCommand }) => fenceCommand ?? 'none'],
  ['clients', ({ clients }) => clients],
  ['export options', ({ exportOptions }) => exportOptions],
  ['lease', ({ lease_s }) => `${lease_s} s`],
  ['replacement timeout', ({ replacementTimeout_s }) => `${replacementTimeout_s} s`],
];

export function shownSettings({ fenceCommand, ...settings }: HostSettings): ShownSettings {
  return { ...settings, fenceCommand: fenceCommand || null };
}

export function settingsText(settings: ShownSettings): string {
  return ROWS.map(([name, value]) => line(name, value(settings))).join('\n');
}

/** One line for each setting that changes; without any, a sentence that says so. */
export function changesText(before: ShownSettings, after: ShownSettings): string {
  const lines = ROWS.filter(([, value]) => value(before) !== value(after)).map(([name, value]) =>
    line(name, `${value(before)} → ${value(after)}`),
  );
  return lines.length > 0
    ? lines.join('\n')
    : 'These settings are current already. The steps make sure that they are applied.';
}

function line(name: string, value: string): string {
  const width = Math.max(...ROWS.map(([each]) => each.length));
  return `${name.padEnd(width)}  ${value}`;
}
