import { ClientError, type Connection } from '@mxd/client';

const pollMs = 50;
const patienceMs = 5_000;

/**
 * Waits, five seconds at most, until the node that the next command asks first has a height too. Any
 * node may have proven what is final; what was just paid should be there to be seen and spent.
 * A node that does not answer is not waited for: the next command passes it over as well.
 */
export async function caughtUp(connection: Connection, height: number): Promise<void> {
  const end = performance.now() + patienceMs;
  const once = { endpoint: connection.endpoints[0], attempts: 1 };
  while (performance.now() < end) {
    try {
      const { value } = await connection.request('status', {}, once);
      if (value.height >= height) return;
    } catch (error) {
      if (error instanceof ClientError) return;
      throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
