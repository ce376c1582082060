export interface Registration {
  readonly nexusId: string;
  readonly initiatorName: string;
  readonly key: bigint;
}

export interface PersistentReservation {
  /** Whoever made it; of the All Registrants types, every registrant holds it. */
  readonly holderId: string;
  readonly type: number;
}

/** What APTPL keeps over a loss of power. */
export interface ReservationState {
  generation: number;
  aptpl: boolean;
  registrations: Map<string, Registration>;
  reservation: PersistentReservation | undefined;
}
