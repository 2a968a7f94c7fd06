import { multiaddr, type Multiaddr } from '@multiformats/multiaddr';
import { NetworkError } from '../errors.ts';
import { type PeerId } from '../contract.ts';
import { parseIp, type IpBytes } from './ip.ts';

/** A multiaddr taken apart as far as this package cares. */
export interface DialAddress {
  readonly address: Multiaddr;
  /** The first address component, when it is an IP. */
  readonly ip: IpBytes | undefined;
  /** The last peer id in it. */
  readonly peerId: PeerId | undefined;
  /** Through another peer (p2p-circuit). */
  readonly relayed: boolean;
}

const supported = new Set([
  'ip4',
  'ip6',
  'dns',
  'dns4',
  'dns6',
  'tcp',
  'ws',
  'wss',
  'tls',
  'p2p',
  'p2p-circuit',
  'ip6zone',
  'sni',
]);

/** Takes a multiaddr apart; undefined for transports that this node does not speak. */
export function inspectAddress(address: Multiaddr): DialAddress | undefined {
  let ip: IpBytes | undefined;
  let peerId: PeerId | undefined;
  let relayed = false;
  const components = address.getComponents();
  for (const [index, component] of components.entries()) {
    if (!supported.has(component.name)) return undefined;
    if (index <= 1 && (component.name === 'ip4' || component.name === 'ip6')) {
      ip ??= parseIp(component.value ?? '');
    }
    if (component.name === 'p2p-circuit') {
      relayed = true;
      peerId = undefined;
    }
    if (component.name === 'p2p') peerId = component.value as PeerId;
  }
  return { address, ip, peerId, relayed };
}

/** @throws NetworkError NETWORK_ADDRESS for text that is no usable multiaddr. */
export function parseAddress(text: string): DialAddress {
  let parsed: DialAddress | undefined;
  try {
    parsed = inspectAddress(multiaddr(text));
  } catch {
    parsed = undefined;
  }
  if (parsed === undefined) {
    throw new NetworkError('NETWORK_ADDRESS', `"${text}" is not a multiaddr of TCP or WebSocket`, {
      text,
    });
  }
  return parsed;
}

/** The address in bytes that a peer sent, or undefined when it is none that can be used. */
export function decodeAddress(bytes: Uint8Array): DialAddress | undefined {
  try {
    return inspectAddress(multiaddr(bytes));
  } catch {
    return undefined;
  }
}

/** The IP of a connection's remote address. */
export function remoteIp(address: Multiaddr): IpBytes | undefined {
  const first = address.getComponents().find((c) => c.name === 'ip4' || c.name === 'ip6');
  return first === undefined ? undefined : parseIp(first.value ?? '');
}

/** Whether the remote end is reached through a relay. */
export function isRelayed(address: Multiaddr): boolean {
  return address.getComponents().some((component) => component.name === 'p2p-circuit');
}
