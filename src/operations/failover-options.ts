export interface FailoverOptions {
  /** Goes on without evidence that the leg is current. */
  allowDataLoss: boolean;
  /** The administrator vouches that the machine is off: for hosts without a fence command. */
  confirmedOff: boolean;
}
