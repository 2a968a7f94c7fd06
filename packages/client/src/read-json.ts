import { ClientError } from './errors.ts';

/** The body of an answer as text, if it is not longer than `most` bytes. */
async function readText(response: Response, most: number): Promise<string> {
  const { body } = response;
  if (body === null) return '';
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = '';
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    length += value.length;
    if (length > most) {
      await reader.cancel();
      throw new ClientError('CLIENT_TOO_LARGE', `the answer has more than ${most} bytes`, { most });
    }
    text += decoder.decode(value, { stream: true });
  }
}

/** The JSON of an answer. @throws ClientError CLIENT_TOO_LARGE, CLIENT_MALFORMED. */
export async function readJson(response: Response, most: number): Promise<unknown> {
  const text = await readText(response, most);
  try {
    return JSON.parse(text);
  } catch {
    throw new ClientError('CLIENT_MALFORMED', `the answer is no JSON (status ${response.status})`, {
      status: response.status,
    });
  }
}
