/**
 * Which rooms of `src/` may use which: what `depcruise` checks in the gate. Imports of types count, too.
 *
 *     depcruise --config scripts/floors.ts src test scripts bench
 */
import type { IConfiguration, IForbiddenRuleType } from 'dependency-cruiser';

/**
 * The floors, from the top down. A room may use the rooms on the floors below it, never one above it or beside it. A room that stands
 * in several columns may use what is below it in each.
 */
const FLOORS: readonly (readonly string[])[][] = [
  // What an administrator asks for.
  [
    ['commands'],
    ['cli'],
    ['status'],
    ['watch'],
    ['operations'],
    ['mirror', 'service', 'fence'],
    ['steps', 'target/client'],
    ['hosts', 'machine'],
    ['ownership'],
    ['config'],
    ['std'],
  ],
  // A byte on its way to the disk.
  [['commands'], ['target'], ['iscsi'], ['scsi'], ['store'], ['std']],
  // What the target's daemon is told.
  [['target'], ['target/client'], ['ownership'], ['config'], ['std']],
];

const rooms = [...new Set(FLOORS.flat(2))];

/** Matches the files of a room: those of `target/client` are not those of `target`. */
function filesOf(room: string): string {
  const inner = rooms.filter((other) => other.startsWith(`${room}/`)).map((other) => other.slice(room.length + 1));
  return inner.length === 0 ? `^src/${room}/` : `^src/${room}/(?!(${inner.join('|')})/)`;
}

function below(room: string): string[] {
  return FLOORS.flatMap((column) => {
    const floor = column.findIndex((each) => each.includes(room));
    return floor < 0 ? [] : column.slice(floor + 1).flat();
  });
}

/** No room may use what is not below it. */
function ruleOf(room: string): IForbiddenRuleType {
  const allowed = [room, ...below(room)].map(filesOf);
  return {
    name: `${room}-uses-what-is-below-it`,
    severity: 'error',
    from: { path: filesOf(room) },
    to: { path: '^src/', pathNot: allowed },
  };
}

const configuration: IConfiguration = {
  forbidden: [
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    ...rooms.map(ruleOf),
    {
      name: 'every-file-has-a-room',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/main[.]ts$', ...rooms.map(filesOf)] },
      to: {},
    },
    {
      name: 'the-program-needs-no-tests',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|scripts)/' },
    },
  ],
  options: {
    // The compiler of TypeScript 7 is native and offers no parser. swc sees the imports of types, too, but `import('…')` inside a type.
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.js'] },
  },
};

export default configuration;
