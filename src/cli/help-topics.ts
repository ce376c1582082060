import { stateSummary } from '../hosts/state-summary.ts';
import { EXIT_CODES } from '../std/errors.ts';

/** A help topic that is not a command: `spare help TOPIC`. */
export interface HelpTopic {
  /** For the list of topics. */
  summary: string;
  text(): string;
}

/** Short texts for the terminal. `docs/` has the rest. */
export const HELP_TOPICS: Readonly<Record<string, HelpTopic>> = {
  'exit-codes': {
    summary: 'what each exit code means',
    text: () =>
      table([
        ['0', 'Success, verified'],
        ...Object.values(EXIT_CODES).map(({ code, meaning }) => [String(code), meaning] as const),
        ['130', 'Killed in the middle of a step by repeated Ctrl-C: run the command again'],
      ]),
  },
  states: {
    summary: 'the states of a host, and which state may follow',
    text: stateSummary,
  },
  'fence-command': {
    summary: "what a host's fence command must do",
    text: () =>
      [
        'The fence command switches a machine off and confirms it. A host without one is never failed over automatically.',
        "It runs on the standby with sh -c, with the host's name in SPARE_HOST and the action as $1. It has 30 s.",
        '',
        table([
          ['off', 'Switch the machine off. Exit with 0 only when the machine is confirmed off, not when the'],
          ['', 'request was sent: otherwise two machines could serve one volume. Any other code refuses the failover'],
          ['status', 'Print on or off and exit with 0. Anything else means that the power state is unknown'],
        ]),
        '',
        'Example: spare enroll alpha … --policy auto --fence-command \'/usr/local/sbin/power-off-alpha "$1"\'',
        'Change it later: spare set alpha --fence-command …',
      ].join('\n'),
  },
  json: {
    summary: 'what --json prints',
    text: () =>
      [
        'With --json every command prints one JSON value on standard output, and nothing else. spare watch prints one',
        'value per line. Names end in their unit (_s, _ms, _bytes); times are ISO 8601. The exit code is the same as without.',
        '',
        'A failure:    {"error": {"code": "UNKNOWN_HOST", "message": "…", "hint": "…"}}',
        'An operation: {"operation", "host", "startedAt", "elapsed_ms", "steps": [{"name", "title", "machine", "status", "elapsed_ms"}]}',
        'A plan:       {"dryRun": true, "operation", "host", "steps": [{"name", "title", "machine", "commandLines"}]}',
        '',
        'An operation that fails prints both: the error, and the status of every step.',
        'Codes, keys and types are stable; messages and hints are for people. docs/json.md has every key.',
      ].join('\n'),
  },
};

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, meaning]) => `  ${name.padEnd(width)}  ${meaning}`.trimEnd()).join('\n');
}
