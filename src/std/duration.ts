import { SpareError } from './errors.ts';

const UNITS_ms = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * Converts `90s`, `30m`, `2h` or `1d` to milliseconds.
 * @throws SpareError `usage` for anything else, and for zero.
 */
export function parseDuration_ms(text: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  const duration_ms = Number(match?.[1] ?? 0) * UNITS_ms[(match?.[2] ?? 's') as keyof typeof UNITS_ms];
  if (duration_ms === 0) {
    throw new SpareError(
      'usage',
      'BAD_DURATION',
      `Invalid duration '${text}': expected a number followed by s, m, h or d`,
      {
        hint: 'Examples: 30m, 2h, 1d',
      },
    );
  }
  return duration_ms;
}
