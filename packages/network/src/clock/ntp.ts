import { createSocket } from 'node:dgram';
import { randomBytes } from 'node:crypto';

/** SNTP version 4, RFC 5905 and RFC 4330: one question, one answer, no state. */

const packetBytes = 48;
// Seconds between 1900 (NTP) and 1970 (Unix).
const epochSeconds = 2_208_988_800;

/** What a server said: its clock minus ours, and the round trip the answer took. */
export type NtpResult =
  | { readonly ok: true; readonly offsetMs: number; readonly roundTripMs: number }
  | { readonly ok: false; readonly reason: 'timeout' | 'unreachable' | 'malformed' };

function readTimestampMs(packet: Buffer, offset: number): number {
  const seconds = packet.readUInt32BE(offset);
  const fraction = packet.readUInt32BE(offset + 4) / 2 ** 32;
  return (seconds - epochSeconds + fraction) * 1000;
}

/**
 * Evaluates an answer. The client's transmit timestamp is 64 random bits that the server repeats
 * (draft-ietf-ntp-data-minimization), so that an answer out of the blue does not count.
 */
export function evaluateNtp(
  packet: Buffer,
  cookie: Uint8Array,
  sentMs: number,
  receivedMs: number,
): NtpResult {
  const malformed: NtpResult = { ok: false, reason: 'malformed' };
  if (packet.length < packetBytes) return malformed;
  const mode = (packet[0] as number) & 7;
  const leap = (packet[0] as number) >> 6;
  const stratum = packet[1] as number;
  if (mode !== 4 || leap === 3 || stratum === 0 || stratum > 15) return malformed;
  if (!packet.subarray(24, 32).equals(cookie)) return malformed;
  const serverReceivedMs = readTimestampMs(packet, 32);
  const serverSentMs = readTimestampMs(packet, 40);
  const roundTripMs = receivedMs - sentMs - (serverSentMs - serverReceivedMs);
  if (!(roundTripMs >= -1)) return malformed;
  const offsetMs = (serverReceivedMs - sentMs + (serverSentMs - receivedMs)) / 2;
  return { ok: true, offsetMs, roundTripMs: Math.max(0, roundTripMs) };
}

/** Asks one server (`host` or `host:port`, port 123 by default). Never throws. */
export function queryNtp(server: string, timeoutMs: number): Promise<NtpResult> {
  const [host = '', port = '123'] = server.split(':');
  const { promise, resolve } = Promise.withResolvers<NtpResult>();
  const socket = createSocket('udp4');
  const cookie = randomBytes(8);
  const packet = Buffer.alloc(packetBytes);
  packet[0] = 0x23; // no leap warning, version 4, client
  packet.set(cookie, 40);
  const timer = setTimeout(() => finish({ ok: false, reason: 'timeout' }), timeoutMs);
  let sentMs = 0;
  const finish = (result: NtpResult): void => {
    clearTimeout(timer);
    socket.removeAllListeners();
    socket.on('error', () => undefined);
    socket.close();
    resolve(result);
  };
  socket.once('error', () => finish({ ok: false, reason: 'unreachable' }));
  socket.once('message', (answer) => finish(evaluateNtp(answer, cookie, sentMs, Date.now())));
  socket.connect(Number(port), host, () => {
    sentMs = Date.now();
    socket.send(packet);
  });
  return promise;
}
