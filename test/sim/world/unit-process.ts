import type { HostConfiguration } from '../../../src/config/schema.ts';
import { onlyVolume } from '../../../src/config/volumes.ts';
import { LOGIN_STATUS } from '../../../src/iscsi/pdu/login.ts';
import type { OwnershipKeeper } from '../../../src/ownership/keeper.ts';
import type { OwnershipRecord } from '../../../src/ownership/record.ts';
import type { Clock } from '../../../src/std/clock.ts';
import type { EventLog } from '../../../src/std/event.ts';
import { leaseFactsOf } from '../../../src/target/client/lease-facts.ts';
import { HeardFile } from '../../../src/target/heard-file.ts';
import { Hearing } from '../../../src/target/hearing.ts';
import { HostOwnership } from '../../../src/target/host-ownership.ts';
import { VolumeOwnership } from '../../../src/target/volume-ownership.ts';
import { existsSync } from '../edge/fs.ts';

export interface UnitProcessOptions {
  configuration: HostConfiguration;
  keeper: OwnershipKeeper;
  clock: Clock;
  /** The same clock for what only looks at the time. */
  quietClock: Clock;
  isFenced: () => boolean;
  report: EventLog;
}

/** One run of the target's process of a host: what it has heard, and what it records before it answers. */
export class UnitProcess {
  lastPduAt: number | null = null;
  lastSignAt: number | null = null;
  readonly hearing: Hearing;
  readonly #options: UnitProcessOptions;
  readonly #ownership: HostOwnership;
  readonly #volume: string;

  constructor(options: UnitProcessOptions) {
    this.#options = options;
    const { configuration, keeper, clock, quietClock, isFenced, report } = options;
    const { name: host } = configuration;
    const { name: volume, lun, standbyLeg } = onlyVolume(configuration);
    this.#volume = volume;
    const file = new HeardFile(`/run/spare/heard-${host}`, clock.bootId);
    const lease_ms = () => configuration.replacementTimeout_s * 1000;
    this.hearing = new Hearing({ target: this, clock: quietClock, lease_ms, file });
    const ownership = new VolumeOwnership({
      id: { host, volume },
      keeper,
      clock,
      facts: () => this.#facts(),
      isFenced,
      hasLeg: () => existsSync(standbyLeg.path),
    });
    this.#ownership = new HostOwnership({
      host,
      volumes: [{ lun, ownership }],
      hearing: this.hearing,
      report,
    });
    this.hearing.start();
  }

  /** With the owner of now. */
  get record(): OwnershipRecord | undefined {
    return this.#ownership.of(this.#volume);
  }

  get isOfStandby(): boolean {
    return this.#ownership.ofStandby !== undefined;
  }

  /** Why the record could not be read or written last time: the LUN is not served then. */
  get failure(): unknown {
    return this.#ownership.failureOf(this.#volume);
  }

  settle(): Promise<void> {
    return this.#ownership.settle();
  }

  login(then: (answer: 'accepted' | 'fenced' | 'not-ready') => void): void {
    this.#ownership.login((refusal) => {
      if (refusal === undefined) then('accepted');
      else then(refusal === LOGIN_STATUS.targetRemoved ? 'fenced' : 'not-ready');
    });
  }

  logout(then: (isAnswered: boolean) => void): void {
    this.#ownership.logout(then);
  }

  failWrite(then: (isAnswered: boolean) => void): void {
    this.#ownership.givingUp(onlyVolume(this.#options.configuration).lun, 'write', then);
  }

  #facts() {
    const { any: lastPduAt, session: sessionHeardAt } = this.hearing;
    return leaseFactsOf({ lastPduAt, sessionHeardAt }, this.#options.configuration, this.#options.clock);
  }
}
