export interface FailoverOptions {
  /** Continues without evidence that the standby leg is current. */
  allowDataLoss: boolean;
  /** The administrator has confirmed that the machine is off: for hosts without a fence command. */
  confirmedOff: boolean;
}
