import * as fs from 'node:fs';
import { removeFileDurably, writeFileDurably } from '../std/durable-file.ts';
import { SpareError } from '../std/errors.ts';
import type { PersistentReservation, Registration, ReservationState } from './reservation-state.ts';

/** Keys as hexadecimal, because JSON has no 64-bit integers. */
interface StoredReservations {
  version: 1;
  generation: number;
  registrations: (Omit<Registration, 'key'> & { key: string })[];
  reservation: PersistentReservation | null;
}

/**
 * Reads the persistent state of a unit with APTPL; `undefined` if there is none.
 *
 * @throws {SpareError} `RESERVATIONS_UNREADABLE`: serving without them would let a fenced-off initiator write
 */
export function loadReservations(path: string): ReservationState | undefined {
  if (!fs.existsSync(path)) return undefined;
  try {
    const stored = JSON.parse(fs.readFileSync(path, 'utf8')) as StoredReservations;
    if (stored.version !== 1) throw new Error(`Unknown version ${String(stored.version)}`);
    return {
      generation: stored.generation,
      aptpl: true,
      registrations: new Map(
        stored.registrations.map((each) => [each.nexusId, { ...each, key: BigInt(`0x${each.key}`) }]),
      ),
      reservation: stored.reservation ?? undefined,
    };
  } catch (cause) {
    throw new SpareError(
      'precondition',
      'RESERVATIONS_UNREADABLE',
      `Cannot read the persistent reservations in ${path}`,
      {
        hint: `Restore the file from a backup. To drop all persistent reservations of this disk, run: rm ${path}`,
        cause,
      },
    );
  }
}

/** Writes the state so that it survives a power loss, or removes it if APTPL is off. Synchronous: it is rare, and must be done before GOOD. */
export function saveReservations(path: string, state: ReservationState): void {
  if (!state.aptpl) {
    if (fs.existsSync(path)) removeFileDurably(path);
    return;
  }
  const stored: StoredReservations = {
    version: 1,
    generation: state.generation,
    registrations: [...state.registrations.values()].map((each) => ({ ...each, key: each.key.toString(16) })),
    reservation: state.reservation ?? null,
  };
  writeFileDurably(path, `${JSON.stringify(stored, null, 2)}\n`, 0o600);
}
