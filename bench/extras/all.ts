import { agreement } from './agreement.ts';
import { clientLimit } from './client-limit.ts';
import type { ExtraMeasurement } from './extra.ts';
import { crash, slowDisk, stall } from './isolation.ts';
import { limitShare } from './limit-share.ts';
import { memory } from './memory.ts';
import { cliStart, daemonStart } from './starts.ts';

export const EXTRAS: Readonly<Record<string, ExtraMeasurement>> = {
  agreement,
  limit: limitShare,
  'client-limit': clientLimit,
  memory,
  'daemon-start': daemonStart,
  'cli-start': cliStart,
  'stuck-disk': slowDisk,
  crash,
  stall,
};
