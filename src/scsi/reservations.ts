import type { Access, CommandAccess } from './access.ts';
import { loadReservations, saveReservations } from './reservation-file.ts';
import type { ReservationState } from './reservation-state.ts';
import { SENSE } from './sense.ts';
import type { Nexus } from './task.ts';
import type { UnitAttentions } from './unit-attentions.ts';

/** PERSISTENT RESERVE types (SPC-4 §6.15.3.3, table 204). */
const TYPE = {
  writeExclusive: 1,
  exclusiveAccess: 3,
  writeExclusiveRegistrantsOnly: 5,
  exclusiveAccessRegistrantsOnly: 6,
  writeExclusiveAllRegistrants: 7,
  exclusiveAccessAllRegistrants: 8,
} as const;

const TYPES: ReadonlySet<number> = new Set(Object.values(TYPE));

/**
 * RESERVE/RELEASE (SPC-2) and persistent reservations (SPC-4 §5.13) of one unit: who may do what.
 * The service actions of PERSISTENT RESERVE OUT are in `persistent-reserve-out.ts`.
 */
export class Reservations {
  readonly attentions: UnitAttentions;
  readonly state: ReservationState;
  readonly #path: string | undefined;
  #classicHolder: string | undefined;

  constructor(attentions: UnitAttentions, path: string | undefined) {
    this.attentions = attentions;
    this.#path = path;
    this.state = (path === undefined ? undefined : loadReservations(path)) ?? {
      generation: 0,
      aptpl: false,
      registrations: new Map(),
      reservation: undefined,
    };
  }

  get canPersist(): boolean {
    return this.#path !== undefined;
  }

  /** @returns false if another nexus holds it */
  reserveClassic(nexusId: string): boolean {
    this.#classicHolder ??= nexusId;
    return this.#classicHolder === nexusId;
  }

  /** Releases the reservation of one nexus, or of any holder. */
  releaseClassic(nexusId: string | undefined = this.#classicHolder): void {
    if (this.#classicHolder === nexusId) this.#classicHolder = undefined;
  }

  conflicts(nexusId: string, commandAccess: CommandAccess, cdb: Buffer): boolean {
    if (this.#classicHolder === undefined && this.state.registrations.size === 0) return false;
    const access = typeof commandAccess === 'function' ? commandAccess(cdb) : commandAccess;
    if (this.#classicHolder !== undefined && this.#classicHolder !== nexusId) {
      return access !== 'always' && access !== 'release';
    }
    return this.#conflictsWithPersistent(nexusId, access);
  }

  #conflictsWithPersistent(nexusId: string, access: Access): boolean {
    const { registrations, reservation } = this.state;
    // CRH: RESERVE and RELEASE do nothing for a registrant; all others are refused (SPC-4 §5.13.3).
    if (access === 'reserve' || access === 'release') return registrations.size > 0 && !registrations.has(nexusId);
    if (reservation === undefined || access === 'always' || access === 'ready' || access === 'persistent') return false;
    if (this.isHolder(nexusId)) return false;
    if (isRegistrantsOnly(reservation.type) && registrations.has(nexusId)) return false;
    return access !== 'read' || isExclusiveAccess(reservation.type);
  }

  isHolder(nexusId: string): boolean {
    const { reservation, registrations } = this.state;
    if (reservation === undefined) return false;
    return isAllRegistrants(reservation.type) ? registrations.has(nexusId) : reservation.holderId === nexusId;
  }

  register(nexus: Nexus, key: bigint): void {
    this.state.registrations.set(nexus.id, { nexusId: nexus.id, initiatorName: nexus.initiatorName, key });
  }

  /** Removes a registration, and with it the reservation if that has lost its holder. */
  unregister(nexusId: string): void {
    const { reservation, registrations } = this.state;
    const held = this.isHolder(nexusId);
    registrations.delete(nexusId);
    if (reservation === undefined || !held) return;
    if (!isAllRegistrants(reservation.type)) this.release(nexusId);
    else if (registrations.size === 0) this.state.reservation = undefined;
  }

  /** Ends the reservation, and notifies the other registrants that held it too (SPC-4 §5.13.11.2.2). */
  release(nexusId: string): void {
    const { reservation, registrations } = this.state;
    this.state.reservation = undefined;
    if (reservation === undefined || !isRegistrantsOnly(reservation.type)) return;
    for (const other of registrations.keys()) {
      if (other !== nexusId) this.attentions.establish(SENSE.reservationsReleased, other);
    }
  }

  /** A copy for `restore`, if a change cannot be made durable. */
  snapshot(): ReservationState {
    return { ...this.state, registrations: new Map(this.state.registrations) };
  }

  restore(snapshot: ReservationState): void {
    Object.assign(this.state, snapshot);
  }

  /** Makes the state that must survive a power loss durable, or removes it. Throws the file system's errors. */
  save(): void {
    if (this.#path !== undefined) saveReservations(this.#path, this.state);
  }
}

export function isReservationType(type: number): boolean {
  return TYPES.has(type);
}

export function isAllRegistrants(type: number): boolean {
  return type === TYPE.writeExclusiveAllRegistrants || type === TYPE.exclusiveAccessAllRegistrants;
}

/** The types under which every registrant may do everything: Registrants Only and All Registrants. */
function isRegistrantsOnly(type: number): boolean {
  return type >= TYPE.writeExclusiveRegistrantsOnly;
}

function isExclusiveAccess(type: number): boolean {
  return (
    type === TYPE.exclusiveAccess ||
    type === TYPE.exclusiveAccessRegistrantsOnly ||
    type === TYPE.exclusiveAccessAllRegistrants
  );
}
