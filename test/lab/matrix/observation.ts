/** Who answers at a host's service address, by the cable that its hardware address is at. */
export type Server = 'primary' | 'standby' | 'nobody';

/** What is seen of a host once a fault has had its effect. */
export interface Seen {
  /** By `spare status`. */
  state: string | null;
  /** By the ownership record. */
  owner: string | null;
  /** By the client, not by spare. */
  server: Server;
}

/** What a row tells of its own effect. */
export interface StrikeNotes {
  /** The longest time that the client got no acknowledgement; absent where the test's own steps decide that. */
  outage_s?: number;
  /** Anything else that was observed, in a few words. */
  note?: string;
}

/** What goes into the table. */
export interface Observation extends Seen, StrikeNotes {
  /** The first command that `spare status` names for the host. */
  command?: string;
  acknowledged?: number;
  lost?: number;
  /** What led back to `protected`. */
  wayBack?: string;
}

export function seenText({ state, owner, server }: Seen): string {
  return `${state}, owner ${owner}, served by ${server}`;
}
