import Enroll from './enroll.ts';
import Failback from './failback.ts';
import Failover from './failover.ts';
import Help from './help.ts';
import Init from './init.ts';
import Pause from './pause.ts';
import Resume from './resume.ts';
import Serve from './serve.ts';
import SetHost from './set.ts';
import Status from './status.ts';
import Watch from './watch.ts';

/** The command table: oclif finds commands here and nowhere else, from source and in a bundle alike. */
export const commands = {
  enroll: Enroll,
  failback: Failback,
  failover: Failover,
  help: Help,
  init: Init,
  pause: Pause,
  resume: Resume,
  serve: Serve,
  set: SetHost,
  status: Status,
  watch: Watch,
};
