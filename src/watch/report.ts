import { DEFAULT_VOLUME_NAME } from '../config/volumes.ts';
import type { PrimaryReport } from '../hosts/host-record.ts';
import { PROGRAM_DIRECTORY } from '../service/service.ts';

/** Prints one line of JSON per second until it is stopped: `templates/primary/report`. */
export function reportArgv(host: string): string[] {
  return [`${PROGRAM_DIRECTORY}/report`, host];
}

/**
 * One line of the report program: the state of one volume. A primary that was enrolled before volumes had names does not
 * name its only one.
 * @param received When, by the standby's clock: the primary's is not trusted.
 * @returns `undefined` for anything that is not a report, such as a line truncated by a broken connection.
 */
export function parseReport(
  line: string,
  received: Pick<PrimaryReport, 'receivedAt' | 'received'>,
): (PrimaryReport & { volume: string }) | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const {
    volume,
    arrayState,
    standbyLegState,
    localLegState,
    syncAction,
    syncFraction,
    syncSpeed_bytes_s,
    sessionLoggedIn,
    passive,
  } = parsed as Record<string, unknown>;
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
    ...received,
    volume: typeof volume === 'string' ? volume : DEFAULT_VOLUME_NAME,
    arrayState,
    standbyLegState,
    localLegState,
    syncAction,
    ...(typeof syncFraction === 'number' && { syncFraction }),
    ...(typeof syncSpeed_bytes_s === 'number' && { syncSpeed_bytes_s }),
    sessionLoggedIn,
    passive,
  };
}
