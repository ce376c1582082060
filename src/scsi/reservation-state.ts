export interface Registration {
  readonly nexusId: string;
  readonly initiatorName: string;
  readonly key: bigint;
}

export interface PersistentReservation {
  /** The nexus that made it; for the All Registrants types, every registrant holds it. */
  readonly holderId: string;
  readonly type: number;
}

/** The state that APTPL keeps across a power loss. */
export interface ReservationState {
  generation: number;
  aptpl: boolean;
  registrations: Map<string, Registration>;
  reservation: PersistentReservation | undefined;
}
