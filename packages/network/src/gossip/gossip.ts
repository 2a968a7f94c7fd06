import { createHash } from 'node:crypto';
import { TopicValidatorResult, type GossipsubOpts, type Message } from '@libp2p/gossipsub';
import type { PeerId as Libp2pPeerId } from '@libp2p/interface';
import {
  type Gossip,
  type GossipHandler,
  type GossipTopic,
  type Offence,
  type PeerId,
  type Verdict,
} from '../contract.ts';
import { type Counters } from '../counters.ts';
import { type Host } from '../host/host.ts';
import { limits } from '../limits.ts';
import { TokenBucket } from '../peers/buckets.ts';

const topics: readonly GossipTopic[] = ['headers', 'certificates', 'announcements'];

/** The gossipsub topic of a network: two chains never share one. */
export const topicName = (networkTag: string, topic: GossipTopic): string =>
  `/mxd/${networkTag}/${topic}/1`;

/** Settings of gossipsub: unsigned messages, since certificates prove themselves. */
export function gossipOptions(networkTag: string): Partial<GossipsubOpts> {
  return {
    globalSignaturePolicy: 'StrictNoSign',
    msgIdFn: (message) => createHash('sha256').update(message.data).digest().subarray(0, 20),
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    emitSelf: false,
    doPX: false,
    allowedTopics: topics.map((topic) => topicName(networkTag, topic)),
    maxInboundDataLength: limits.gossipBytes.value * 4,
    maxOutboundBufferSize: limits.gossipBytes.value * 64,
    decodeRpcLimits: {
      maxSubscriptions: 16,
      maxMessages: 256,
      maxIhaveMessageIDs: 2_000,
      maxIwantMessageIDs: 2_000,
      maxControlMessages: 64,
      maxIdontwantMessageIDs: 512,
      maxPeerInfos: 0,
    },
  };
}

/** What gossip needs to know about peers. */
export interface GossipContext {
  readonly networkTag: string;
  readonly counters: Counters;
  hasSession(peerId: PeerId): boolean;
  penalize(peerId: PeerId, offence: Offence): void;
}

/** Public gossip over gossipsub; nothing is passed on before its judge has accepted it. */
export class GossipHub implements Gossip {
  readonly #host: Host;
  readonly #context: GossipContext;
  readonly #buckets = new Map<PeerId, TokenBucket>();
  #pending = 0;
  #handler: GossipHandler | undefined;

  constructor(host: Host, context: GossipContext) {
    this.#host = host;
    this.#context = context;
  }

  start(): void {
    const { gossip } = this.#host.services;
    for (const topic of topics) {
      const name = topicName(this.#context.networkTag, topic);
      gossip.topicValidators.set(name, (peer, message) => this.#validate(topic, peer, message));
      gossip.subscribe(name);
    }
  }

  peerDown(peerId: PeerId): void {
    this.#buckets.delete(peerId);
  }

  onMessage(handler: GossipHandler): void {
    this.#handler = handler;
  }

  async publish(topic: GossipTopic, bytes: Uint8Array): Promise<number> {
    if (bytes.length > limits.gossipBytes.value) {
      this.#context.counters.add('gossip_oversized_out');
      return 0;
    }
    const name = topicName(this.#context.networkTag, topic);
    try {
      const { recipients } = await this.#host.services.gossip.publish(name, bytes);
      this.#context.counters.add(`gossip_published_${topic}`);
      return recipients.length;
    } catch {
      this.#context.counters.add('gossip_publish_failures');
      return 0;
    }
  }

  async #validate(
    topic: GossipTopic,
    peer: Libp2pPeerId,
    message: Message,
  ): Promise<TopicValidatorResult> {
    const { counters } = this.#context;
    const from = peer.toString() as PeerId;
    counters.add(`gossip_received_${topic}`);
    if (!this.#context.hasSession(from)) {
      counters.add('gossip_without_session');
      return TopicValidatorResult.Ignore;
    }
    if (message.data.length > limits.gossipBytes.value) {
      this.#context.penalize(from, 'oversized');
      return TopicValidatorResult.Reject;
    }
    if (!this.#bucketOf(from).take(1, performance.now())) {
      counters.add('gossip_throttled');
      return TopicValidatorResult.Ignore;
    }
    if (this.#handler === undefined || this.#pending >= limits.gossipPending.value) {
      counters.add('gossip_unhandled');
      return TopicValidatorResult.Ignore;
    }
    return this.#result(from, await this.#judge(from, topic, message.data));
  }

  #bucketOf(from: PeerId): TokenBucket {
    let bucket = this.#buckets.get(from);
    if (bucket === undefined) {
      const perSecond = limits.gossipPerPeer.value;
      bucket = new TokenBucket(perSecond, perSecond * 2, performance.now());
      this.#buckets.set(from, bucket);
    }
    return bucket;
  }

  async #judge(from: PeerId, topic: GossipTopic, data: Uint8Array): Promise<Verdict> {
    this.#pending += 1;
    try {
      return (await this.#handler?.(from, topic, data.slice())) ?? 'ignore';
    } catch {
      this.#context.counters.add('handler_failures');
      return 'ignore';
    } finally {
      this.#pending -= 1;
    }
  }

  #result(from: PeerId, verdict: Verdict): TopicValidatorResult {
    switch (verdict) {
      case 'accept':
        return TopicValidatorResult.Accept;
      case 'ignore':
        return TopicValidatorResult.Ignore;
      case 'invalid':
        this.#context.counters.add('gossip_invalid');
        this.#context.penalize(from, 'invalid');
        return TopicValidatorResult.Reject;
    }
  }
}
