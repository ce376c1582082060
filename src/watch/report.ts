import { DEFAULT_VOLUME_NAME } from '../config/volumes.ts';
import type { PrimaryReport } from '../hosts/host-record.ts';
import type { OwnershipRecord } from '../ownership/record.ts';
import { PROGRAM_DIRECTORY } from '../service/service.ts';

/** Answers each question on its standard input: `templates/primary/report`. */
export function reportArgv(host: string): string[] {
  return [`${PROGRAM_DIRECTORY}/report`, host];
}

/** What the standby knows about the owner of a volume. */
export interface KnownOwner {
  volume: string;
  /** `undefined`: there is none, or it could not be read. */
  record: OwnershipRecord | undefined;
  /** The initiator's replacement_timeout as configured. */
  lease_s: number;
}

/**
 * A question to the report program: `NUMBER;VOLUME EPOCH OWNER LEASE_S;…`.
 * @param number The answer repeats it.
 */
export function questionLine(number: number, owners: readonly KnownOwner[]): string {
  const told = owners.map(
    ({ volume, record, lease_s }) => `${volume} ${record?.epoch ?? 0} ${record?.owner ?? 'unknown'} ${lease_s}`,
  );
  return [number, ...told].join(';');
}

/** What a line of the report program says, before its time is known. */
export type ReportLine = Omit<PrimaryReport, 'receivedAt' | 'received' | 'volume'> & {
  volume: string;
  /** The question that it answers; absent from a program of an older version, which was not asked. */
  question?: number;
};

/**
 * One line of the report program: the state of one volume. A primary that was enrolled before volumes had names does not
 * name its only one.
 * @returns `undefined` for anything that is not a report, such as a line truncated by a broken connection.
 */
export function parseReport(line: string): ReportLine | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const values = parsed as Record<string, unknown>;
  const { volume, arrayState, standbyLegState, localLegState, syncAction, sessionLoggedIn, passive } = values;
  if (
    typeof arrayState !== 'string' ||
    typeof standbyLegState !== 'string' ||
    typeof localLegState !== 'string' ||
    typeof syncAction !== 'string' ||
    typeof sessionLoggedIn !== 'boolean' ||
    typeof passive !== 'boolean'
  ) {
    return undefined;
  }
  return {
    ...numbersIn(values),
    volume: typeof volume === 'string' ? volume : DEFAULT_VOLUME_NAME,
    arrayState,
    standbyLegState,
    localLegState,
    syncAction,
    sessionLoggedIn,
    passive,
  };
}

const NUMBERS = ['question', 'epoch', 'recoveryTimeout_s', 'syncFraction', 'syncSpeed_bytes_s'] as const;

function numbersIn(values: Record<string, unknown>): Pick<ReportLine, (typeof NUMBERS)[number]> {
  return Object.fromEntries(
    NUMBERS.flatMap((name) => (typeof values[name] === 'number' ? [[name, values[name]]] : [])),
  );
}
