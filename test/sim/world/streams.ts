import type { OpenCommand } from '../edge/edge-world.ts';
import type { Network, Node } from './network.ts';
import type { Primary } from './primary.ts';
import { currentProcess, type SimProcess } from './process.ts';
import type { Timeline } from './timeline.ts';

const SECOND_ms = 1000;
/** ssh: ServerAliveInterval times ServerAliveCountMax. */
const SSH_ALIVE_ms = 9000;
const SSH_CONNECT_ms = 8000;

interface Handlers {
  onLine: (line: string) => void;
  onEnd: () => void;
}

/** Long-lived commands of the watch: pings, and the connections on which primaries report. */
export class Streams {
  readonly #timeline: Timeline;
  readonly #network: Network;
  readonly #phase_ms: () => number;

  constructor(timeline: Timeline, network: Network, phase_ms: () => number) {
    this.#timeline = timeline;
    this.#network = network;
    this.#phase_ms = phase_ms;
  }

  ping(node: Node, answers: () => boolean, handlers: Handlers): OpenCommand {
    const stream = this.#begin(handlers);
    stream.line('PING');
    const ask = () => {
      if (stream.isOver()) return;
      const isHeard = answers() && this.#network.bothWays('standby', node) && !this.#network.loses();
      stream.line(isHeard ? '64 bytes from it: time=1 ms' : 'no answer yet for icmp_seq=1');
      this.#timeline.after(SECOND_ms, ask, { wakes: true });
    };
    this.#timeline.after(this.#phase_ms(), ask, { wakes: true });
    return { write() {}, close: stream.end };
  }

  /** The report program: what waits in a broken connection is delivered when it is mended in time. */
  report(primary: Primary, handlers: Handlers): OpenCommand {
    const stream = this.#begin(handlers);
    const questions: string[] = [];
    const answers: string[] = [];
    let silentSince_ms: number | undefined;
    const isUp = () => primary.runs && this.#network.bothWays('standby', primary.name);
    const flow = () => {
      if (primary.runs && this.#network.reaches('standby', primary.name)) {
        for (const question of questions.splice(0)) answers.push(primary.report(question));
      }
      if (isUp()) for (const answer of answers.splice(0)) stream.line(answer);
    };
    const end = () => {
      if (stream.isOver()) return;
      stream.end();
      handlers.onEnd();
    };
    const look = () => {
      if (stream.isOver()) return;
      if (isUp()) silentSince_ms = undefined;
      else silentSince_ms ??= this.#timeline.now_ms;
      if (!primary.isOn || this.#timeline.now_ms - (silentSince_ms ?? this.#timeline.now_ms) > SSH_ALIVE_ms) end();
      else {
        flow();
        this.#timeline.after(SECOND_ms, look, { wakes: true });
      }
    };
    this.#timeline.after(isUp() ? this.#phase_ms() : SSH_CONNECT_ms, isUp() ? look : end, { wakes: true });
    return {
      write: (text) => {
        questions.push(text);
        this.#timeline.after(this.#network.delay_ms(), () => stream.isOver() || flow(), { wakes: true });
      },
      close: stream.end,
    };
  }

  #begin({ onLine }: Handlers) {
    const process: SimProcess | undefined = currentProcess();
    let over = false;
    const isOver = () => over || process?.alive === false;
    return {
      isOver,
      line: (line: string) => {
        if (!isOver()) onLine(line);
      },
      end: () => {
        over = true;
      },
    };
  }
}
