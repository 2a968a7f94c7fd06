import { ClientError } from './errors.ts';
import * as bounds from './bounds.ts';

/** One server-sent event (WHATWG HTML, "Server-sent events"). */
export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
}

/** Events of a body as they arrive; `onBytes` is called for every piece, comments included. */
export async function* parseEvents(
  body: ReadableStream<Uint8Array>,
  onBytes: () => void,
): AsyncGenerator<ServerSentEvent, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  let name = '';
  let data: string[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onBytes();
      rest += decoder.decode(value, { stream: true });
      if (rest.length + size > bounds.streamEventBytes) {
        throw new ClientError('CLIENT_TOO_LARGE', 'an event of the stream is too large');
      }
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line === '') {
          if (data.length > 0) yield { event: name, data: data.join('\n') };
          name = '';
          data = [];
          size = 0;
          continue;
        }
        const colon = line.indexOf(':');
        const field = colon < 0 ? line : line.slice(0, colon);
        const text = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
        if (field === 'data') {
          data.push(text);
          size += text.length;
        } else if (field === 'event') name = text;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
