import { createServer } from 'node:http';
import type { Lab } from './lab.ts';
import { HOST_ADDRESS, MACHINES, type MachineName, POWER_SWITCH_PORT } from './settings.ts';

/**
 * Stands for a switched power strip: a machine's power can be seen and cut over the network by whoever must fence it.
 * `GET /alpha` answers `on` or `off`; `POST /alpha/off` and `POST /alpha/on` answer when it is so.
 */
export function servePowerSwitch(lab: Lab): void {
  const server = createServer(async (request, response) => {
    const answer = (status: number, text: string) =>
      response.writeHead(status, { 'content-type': 'text/plain' }).end(`${text}\n`);
    try {
      const [, name = '', action = ''] = (request.url ?? '').split('/');
      if (!(name in MACHINES)) return answer(404, `no outlet ${name}`);
      const machine = lab.machine(name as MachineName);
      if (request.method === 'POST' && action === 'off') await machine.kill();
      else if (request.method === 'POST' && action === 'on') await machine.start();
      else if (request.method !== 'GET' || action !== '')
        return answer(400, 'wanted GET /machine or POST /machine/off|on');
      return answer(200, machine.pid === undefined ? 'off' : 'on');
    } catch (error) {
      return answer(500, String(error));
    }
  });
  server.listen(POWER_SWITCH_PORT, HOST_ADDRESS, () => console.log('listening'));
}
