import { quoteForShell } from '../../machine/quote.ts';
import { exportAgain } from '../../service/exports.ts';
import { observeService, serviceAddress } from '../../service/observe-service.ts';
import { serviceArgv } from '../../service/service.ts';
import { SpareError } from '../../std/errors.ts';
import { type Step, stepOn } from '../../steps/step.ts';
import { fileCommandLines, primaryFiles, standbyFiles } from '../enroll/host-files.ts';
import { contextWith, type SetContext } from './set-context.ts';

const OBSERVE_TIMEOUT_ms = 20_000;

/**
 * The service files on both machines, and the exports of the server that runs. The standby is first: a failover in between
 * serves as the configuration says.
 */
export function serviceSteps(context: SetContext, serves: boolean): Step[] {
  return [...fileSteps(context), ...(serves ? exportSteps(context) : [])];
}

/** With the programs that read them: those of an older spare may not know how to export again. */
function fileSteps(context: SetContext): Step[] {
  const { host, standbyMachine, primaryMachine, changes, undoing } = context;
  return [
    stepOn(standbyMachine)({
      name: 'standby-files',
      title: 'Install the service files on the standby',
      commandLines: fileCommandLines(standbyFiles(context)),
      run: () => standbyMachine.writeFiles(standbyFiles(contextWith(context, changes))),
      undo: () => standbyMachine.writeFiles(standbyFiles(contextWith(context, undoing))),
    }),
    stepOn(primaryMachine)({
      name: 'primary-files',
      title: `Install the service files on ${host.name}`,
      commandLines: fileCommandLines(primaryFiles(context)),
      run: () => primaryMachine.writeFiles(primaryFiles(contextWith(context, changes))),
      async undo() {
        const before = contextWith(context, undoing);
        await primaryMachine.writeFiles(primaryFiles(before));
        await exportAgain(primaryMachine, host.name, before.volume);
      },
    }),
  ];
}

function exportSteps(context: SetContext): Step[] {
  const { host, standbyMachine, primaryMachine, changes } = context;
  const { mountPoint, nfs } = contextWith(context, changes).volume;
  return [
    stepOn(primaryMachine)({
      name: 'export',
      title: `Export ${mountPoint} to ${nfs.clients} only, without stopping the NFS server`,
      commandLines: [quoteForShell(serviceArgv('export', host.name))],
      run: () => exportAgain(primaryMachine, host.name, contextWith(context, changes).volume),
    }),
    stepOn(standbyMachine)({
      name: 'observe',
      title: 'Verify from the standby that the volume is served',
      commandLines: [`(read ${mountPoint}/.spare/identity through NFS at ${serviceAddress(host)})`],
      run: () => observeAsClient(context),
    }),
  ];
}

/** The standby is a client like any other: clients that leave it out cannot be verified, nor watched. */
async function observeAsClient({ host, volume, clock }: SetContext): Promise<void> {
  try {
    await observeService(host, volume, { timeout_ms: OBSERVE_TIMEOUT_ms, clock });
  } catch (error) {
    if (!(error instanceof SpareError)) throw error;
    throw new SpareError(error.kind, error.code, error.message, {
      hint: `The standby must be one of the clients, and must be able to read: it watches the service. ${error.hint}`,
      cause: error,
    });
  }
}
