/** Asks for the default route: `ip -4 -j route show default`. */
export const DEFAULT_ROUTE_ARGV: readonly string[] = ['ip', '-4', '-j', 'route', 'show', 'default'];

/** The address of the gateway, or `undefined` if there is no default route through one. */
export function parseDefaultGateway(stdout: string): string | undefined {
  const routes: unknown = stdout.trim() === '' ? [] : JSON.parse(stdout);
  if (!Array.isArray(routes)) return undefined;
  const gateways = routes.map((route: { gateway?: unknown }) => route.gateway);
  return gateways.find((gateway) => typeof gateway === 'string');
}
