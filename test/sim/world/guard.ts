import { chooseLegs, type GuardAction, type GuardLook, nextAction } from './guard-decisions.ts';
import type { PrimaryMachine } from './primary-machine.ts';

const PASSIVE = '/etc/spare/passive';
const FILL = '/etc/spare/fill';
const START_ALONE = '/run/spare/start-alone';
const EVERY_ms = 1000;
/** How long the guard waits for a discovery that is not answered. */
const PATIENCE_ms = 3000;
const OUT_OF_REACH_s = 7200;
const ROUND_LIMIT = 8;

const yes = (value: boolean) => (value ? 'yes' : 'no');

/** templates/primary/guard, on a simulated primary: the decisions are those of lib/decide.sh. */
export class Guard {
  readonly #primary: PrimaryMachine;
  #serving = false;
  #fresh = false;
  #busy = false;

  constructor(primary: PrimaryMachine) {
    this.#primary = primary;
  }

  start(): void {
    this.#serving = false;
    this.#fresh = false;
    this.#busy = false;
    if (this.#primary.files.get(PASSIVE)?.startsWith('replaced')) this.#becomePassive();
    this.#primary.clock.every(EVERY_ms, () => {
      if (!this.#busy) this.#round('unasked', 0);
    });
  }

  /** For a world that begins with a host that serves. */
  beginServing(): void {
    this.#serving = true;
  }

  #round(answer: GuardLook['answer'], turns: number): void {
    const look = this.#look(answer);
    const action = nextAction(look);
    if (turns < ROUND_LIMIT) this.#act(action, look, (next) => this.#round(next, turns + 1));
  }

  #look(answer: GuardLook['answer']): GuardLook {
    const { files, parts, initiator } = this.#primary;
    const { state } = initiator;
    const link = state === 'LOGGED_IN' ? 'up' : state === 'none' ? 'none' : 'down';
    if (link !== 'up') this.#fresh = false;
    return {
      passive: yes(files.has(PASSIVE)),
      serving: yes(this.#serving),
      assembled: yes(parts.array !== undefined),
      link,
      fresh: yes(this.#fresh),
      answer,
      told: this.#primary.told?.owner === 'standby' ? 'standby' : 'other',
      alone: yes(files.has(START_ALONE)),
    };
  }

  /** @param goOn The round continues, with more known than before. */
  #act(action: GuardAction, look: GuardLook, goOn: (answer: GuardLook['answer']) => void): void {
    const { files, initiator, clock } = this.#primary;
    if (action === 'rest') {
      if (look.passive === 'yes') this.#serving = false;
      if (look.serving === 'yes' && look.link === 'up') files.delete(START_ALONE);
    } else if (action === 'stop') this.#becomePassive();
    else if (action === 'assemble' || action === 'serve') this.#bringUp();
    else if (action === 'ask') this.#askTarget(goOn);
    else if (action === 'log-in') this.#enterTarget(goOn);
    else {
      this.#busy = true;
      if (this.#primary.parts.array) this.#primary.parts.stopArray();
      initiator.logout(() => {
        this.#busy = false;
        clock.after(0, () => goOn(look.answer));
      });
    }
  }

  #askTarget(then: (answer: GuardLook['answer']) => void): void {
    const { port } = this.#primary.initiator;
    const isHeard = port.forward() && port.backward();
    this.#later(isHeard ? 100 : PATIENCE_ms, () => {
      const answer = port.forward() ? port.ask() : 'none';
      const isAnswered = answer !== 'none' && port.backward();
      then(isAnswered ? (answer === 'fenced' ? 'replaced' : 'accepted') : 'unknown');
    });
  }

  #enterTarget(then: (answer: GuardLook['answer']) => void): void {
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
    return !files.has(PASSIVE) && (initiator.state === 'LOGGED_IN' || files.has(START_ALONE));
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

  #assemble(): boolean {
    const { files, initiator } = this.#primary;
    const { link, alone } = this.#look('unasked');
    const owner = link === 'up' ? (initiator.owner as 'pair') : 'unknown';
    const legs = chooseLegs({ link, owner, fill: yes(files.has(FILL)), alone });
    if (legs === 'both') files.delete(FILL);
    if (legs === 'lun') {
      initiator.recoveryTimeout_s = OUT_OF_REACH_s;
      files.set(FILL, 'the local leg is not complete\n');
    }
    const sides = { both: ['local', 'standby'], local: ['local'], lun: ['standby'], none: [] } as const;
    const isAssembled = legs !== 'none' && this.#primary.assemble(sides[legs]);
    if (!isAssembled) this.#fresh = false;
    return isAssembled;
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
