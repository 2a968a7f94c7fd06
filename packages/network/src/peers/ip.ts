import { NetworkError } from '../errors.ts';

/** An IP address as its bytes: 4 or 16; IPv4-mapped IPv6 becomes IPv4. */
export type IpBytes = Uint8Array;

function parseV4(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const out = new Uint8Array(4);
  for (let i = 0; i < 4; i++) {
    const part = parts[i] as string;
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    out[i] = Number(part);
  }
  return out;
}

function groupsOf(text: string, endsAddress: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (part.includes('.')) {
      const v4 = endsAddress && index === parts.length - 1 ? parseV4(part) : undefined;
      if (v4 === undefined) return undefined;
      groups.push(((v4[0] as number) << 8) | (v4[1] as number));
      groups.push(((v4[2] as number) << 8) | (v4[3] as number));
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

function parseV6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0] as string, halves.length === 1);
  const tail = halves.length === 2 ? groupsOf(halves[1] as string, true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...tail];
  const out = new Uint8Array(16);
  groups.forEach((group, index) => {
    out[index * 2] = group >> 8;
    out[index * 2 + 1] = group & 0xff;
  });
  const mapped = out.subarray(0, 10).every((byte) => byte === 0) && groups[5] === 0xffff;
  return mapped ? out.slice(12) : out;
}

/** The bytes of an IPv4 or IPv6 address in text form, or undefined. */
export function parseIp(text: string): IpBytes | undefined {
  const zone = text.indexOf('%');
  const bare = zone < 0 ? text : text.slice(0, zone);
  return bare.includes(':') ? parseV6(bare) : parseV4(bare);
}

/** An address range. */
export interface Cidr {
  readonly base: IpBytes;
  readonly bits: number;
}

/** @throws NetworkError NETWORK_CIDR for text that is no address range; a bare address is one. */
export function parseCidr(text: string): Cidr {
  const slash = text.indexOf('/');
  const base = parseIp(slash < 0 ? text : text.slice(0, slash));
  const width = slash < 0 ? undefined : text.slice(slash + 1);
  if (base === undefined || (width !== undefined && !/^\d{1,3}$/.test(width))) {
    throw new NetworkError('NETWORK_CIDR', `"${text}" is not an address range`, { text });
  }
  const bits = width === undefined ? base.length * 8 : Number(width);
  if (bits > base.length * 8) {
    throw new NetworkError('NETWORK_CIDR', `"${text}" has more bits than an address`, { text });
  }
  return { base, bits };
}

/** Whether the address lies in the range. */
export function cidrContains(range: Cidr, ip: IpBytes): boolean {
  if (range.base.length !== ip.length) return false;
  const whole = range.bits >> 3;
  for (let i = 0; i < whole; i++) if (range.base[i] !== ip[i]) return false;
  const rest = range.bits & 7;
  if (rest === 0) return true;
  const mask = (0xff << (8 - rest)) & 0xff;
  return ((range.base[whole] as number) & mask) === ((ip[whole] as number) & mask);
}

// Ranges that are not routed on the public internet (IANA special-purpose registries).
const privateRanges: readonly Cidr[] = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '100.64.0.0/10',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
].map(parseCidr);

/** Loopback, link-local, private and shared ranges. */
export function isPrivateIp(ip: IpBytes): boolean {
  return privateRanges.some((range) => cidrContains(range, ip));
}

function prefixKey(ip: IpBytes, bits: number): string {
  const bytes = bits >> 3;
  let key = ip.length === 4 ? '4' : '6';
  for (let i = 0; i < bytes; i++) key += `.${ip[i]}`;
  return key;
}

/** Key of the small network that usually has one owner: IPv4 /24, IPv6 /48. */
export const subnetKey = (ip: IpBytes): string => prefixKey(ip, ip.length === 4 ? 24 : 48);

/** Key of the wide network used for diversity of outbound peers: IPv4 /16, IPv6 /32. */
export const wideSubnetKey = (ip: IpBytes): string => prefixKey(ip, ip.length === 4 ? 16 : 32);

/** Key of one address; IPv6 by /64, since one host has a whole /64. */
export const hostKey = (ip: IpBytes): string => prefixKey(ip, ip.length === 4 ? 32 : 64);
