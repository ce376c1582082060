import {
  chooseLegs,
  type GuardAction,
  type GuardSituation,
  isSound,
  nextAction,
} from '../../primary/guard-decision.ts';
import { OUT_OF_REACH_s, type PrimaryMachine } from './primary-machine.ts';

const PASSIVE = '/etc/spare/passive';
const FILL = '/etc/spare/fill';
const START_ALONE = '/run/spare/start-alone';
const EVERY_ms = 1000;
/** How long the guard waits for a discovery that is not answered. */
const PATIENCE_ms = 3000;
const ROUND_LIMIT = 8;

type Answer = GuardSituation['answer'];

/** templates/primary/guard, on a simulated primary: the decisions are those of lib/decide.sh. */
export class Guard {
  readonly #primary: PrimaryMachine;
  #serving = false;
  #fresh = false;
  #busy = false;
  /** When a session was up last, or the guard started. */
  #began_ms = 0;

  constructor(primary: PrimaryMachine) {
    this.#primary = primary;
  }

  start(): void {
    this.#serving = false;
    this.#fresh = false;
    this.#busy = false;
    this.#began_ms = this.#primary.now_ms;
    if (this.#primary.files.get(PASSIVE)?.startsWith('replaced')) this.#becomePassive();
    this.#primary.clock.every(EVERY_ms, () => {
      if (!this.#busy) this.#round('unasked', 0);
    });
  }

  /** For a world that begins with a host that serves. */
  beginServing(): void {
    this.#serving = true;
  }

  #round(answer: Answer, turns: number): void {
    const look = this.#look(answer);
    const action = nextAction(look);
    if (turns < ROUND_LIMIT) this.#act(action, look, (next) => this.#round(next, turns + 1));
  }

  #look(answer: Answer): GuardSituation {
    const { files, parts, initiator } = this.#primary;
    const { state } = initiator;
    const link = state === 'LOGGED_IN' ? 'up' : state === 'none' ? 'none' : 'down';
    if (link === 'up') this.#began_ms = this.#primary.now_ms;
    else this.#fresh = false;
    const passive = files.get(PASSIVE);
    return {
      passive: passive === undefined ? 'no' : passive.startsWith('replaced') ? 'replaced' : 'held',
      serving: this.#serving,
      assembled: parts.array !== undefined,
      link,
      fresh: this.#fresh,
      answer,
      toldStandby: this.#primary.told?.owner === 'standby',
      alone: files.has(START_ALONE),
      silent: this.#primary.now_ms - this.#began_ms > initiator.recordTimeout_s * 1000,
      endless: state !== 'none' && initiator.recoveryTimeout_s === OUT_OF_REACH_s,
      fill: files.has(FILL),
    };
  }

  /** @param goOn The round continues, with more known than before. */
  #act(action: GuardAction, look: GuardSituation, goOn: (answer: Answer) => void): void {
    const { files, initiator, clock } = this.#primary;
    if (action === 'rest') {
      if (look.passive !== 'no') this.#serving = false;
      if (look.serving && look.link === 'up') files.delete(START_ALONE);
    } else if (action === 'stop') this.#becomePassive();
    else if (action === 'assemble' || action === 'serve') this.#bringUp();
    else if (action === 'ask') this.#askTarget(goOn);
    else if (action === 'log-in') this.#enterTarget(goOn);
    else if (action === 'come-back') this.#comeBack(() => goOn(look.answer));
    else {
      this.#busy = true;
      if (action === 'log-out' && this.#primary.parts.array) this.#primary.parts.stopArray();
      initiator.logout(() => {
        this.#busy = false;
        clock.after(0, () => goOn(look.answer));
      });
    }
  }

  #askTarget(then: (answer: Answer) => void): void {
    const { port } = this.#primary.initiator;
    const isHeard = port.forward() && port.backward();
    this.#later(isHeard ? 100 : PATIENCE_ms, () => {
      const answer = port.forward() ? port.ask() : 'none';
      const isAnswered = answer !== 'none' && port.backward();
      then(isAnswered ? (answer === 'fenced' ? 'replaced' : 'accepted') : 'unknown');
    });
  }

  #enterTarget(then: (answer: Answer) => void): void {
    const { initiator, files, clock } = this.#primary;
    this.#busy = true;
    initiator.login(() => {
      clock.after(100, () => {
        this.#busy = false;
        if (initiator.state !== 'LOGGED_IN') {
          this.#askTarget((answer) => then(answer === 'accepted' ? 'unknown' : answer));
          return;
        }
        this.#fresh = true;
        if (files.has(FILL)) initiator.recoveryTimeout_s = OUT_OF_REACH_s;
        then('accepted');
      });
    });
  }

  #mayServe(): boolean {
    const { files, initiator } = this.#primary;
    return !files.has(PASSIVE) && (initiator.state === 'LOGGED_IN' || this.#mayBeAlone());
  }

  #comeBack(goOn: () => void): void {
    const { files, initiator, clock } = this.#primary;
    if (initiator.owner === 'standby' || initiator.owner === 'unknown') {
      this.#fresh = false;
      return;
    }
    files.delete(PASSIVE);
    this.#primary.say('the guard is passive no more');
    clock.after(0, goOn);
  }

  #bringUp(): void {
    const { parts } = this.#primary;
    if (!this.#mayServe()) return;
    if (!parts.array && !this.#assemble()) return;
    this.#later(500, () => {
      if (!this.#mayServe()) return;
      if (parts.serviceVerb('up', this.#primary.now_ms)?.exitCode !== 0) return;
      this.#serving = true;
      this.#primary.say('the guard serves');
    });
  }

  #mayBeAlone(): boolean {
    const { alone, silent } = this.#look('unasked');
    return alone && silent;
  }

  #assemble(): boolean {
    const { files, initiator, parts } = this.#primary;
    const { link, alone, fill } = this.#look('unasked');
    const owner = link === 'up' ? initiator.owner : 'unknown';
    const legs = chooseLegs({ link, owner, fill, alone });
    if (link === 'up' && (legs === 'both' || legs === 'local')) files.delete(FILL);
    if (legs === 'lun') {
      initiator.recoveryTimeout_s = OUT_OF_REACH_s;
      files.set(FILL, `data ${initiator.epoch}\n`);
    }
    const sides = { both: ['local', 'standby'], local: ['local'], lun: ['standby'], none: [] } as const;
    const isAssembled = legs !== 'none' && this.#primary.assemble(sides[legs]);
    const isServed = isAssembled && isSound(legs, parts.array?.inSyncLegs().length ?? 0);
    if (isAssembled && !isServed) parts.stopArray();
    if (!isServed) this.#fresh = false;
    return isServed;
  }

  #becomePassive(): void {
    const { files, parts, initiator } = this.#primary;
    if (!files.has(PASSIVE)) this.#primary.say('the guard finds that it was replaced, and stops serving');
    files.set(PASSIVE, 'replaced by the standby\n');
    this.#serving = false;
    const down = () => {
      this.#busy = true;
      if (parts.serviceVerb('down', this.#primary.now_ms)?.exitCode === 0) {
        initiator.logout(() => {
          this.#busy = false;
        });
      } else this.#primary.clock.after(EVERY_ms, down);
    };
    down();
  }

  #later(delay_ms: number, action: () => void): void {
    this.#busy = true;
    this.#primary.clock.after(delay_ms, () => {
      this.#busy = false;
      action();
    });
  }
}
