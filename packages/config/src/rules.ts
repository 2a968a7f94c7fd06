import { type NodeConfig } from './node-config.ts';

/** A rule over several keys: what is wrong, or undefined. */
type Rule = (config: NodeConfig) => string | undefined;

const rules: readonly Rule[] = [
  ({ api }) =>
    (api.tlsCertificateFile === '') === (api.tlsKeyFile === '')
      ? undefined
      : 'api.tlsCertificateFile and api.tlsKeyFile go together',
  ({ network }) =>
    network.maxPeersPerAddress <= network.maxPeers
      ? undefined
      : 'network.maxPeersPerAddress is more than network.maxPeers',
  ({ role, storage }) =>
    role === 'archive' && storage.keepBodies !== 0
      ? 'an archive keeps all bodies: storage.keepBodies must be 0'
      : undefined,
  ({ sync }) =>
    sync.mode === 'snapshot' || sync.checkpoint === ''
      ? undefined
      : 'sync.checkpoint is for sync.mode snapshot',
  ({ role, sync }) =>
    role === 'archive' && sync.mode !== 'history'
      ? 'an archive keeps all bodies: sync.mode must be history'
      : undefined,
  ({ api, admin, metrics }) => {
    const used = [
      ...(api.enabled ? [['api.port', `${api.host}:${api.port}`, api.port] as const] : []),
      ...(admin.enabled
        ? [['admin.port', `${admin.host}:${admin.port}`, admin.port] as const]
        : []),
      ...(metrics.enabled
        ? [['metrics.port', `${metrics.host}:${metrics.port}`, metrics.port] as const]
        : []),
    ].filter(([, , port]) => port !== 0);
    for (const [i, [name, address]] of used.entries()) {
      const other = used.slice(0, i).find(([, taken]) => taken === address);
      if (other !== undefined) return `${name} and ${other[0]} are both ${address}`;
    }
    return undefined;
  },
  ({ admin, api }) =>
    admin.enabled || !api.tokenForWrites
      ? undefined
      : 'api.tokenForWrites needs admin.enabled, where tokens are made',
];

/** The first broken rule, or undefined. */
export function brokenRule(config: NodeConfig): string | undefined {
  for (const rule of rules) {
    const problem = rule(config);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
