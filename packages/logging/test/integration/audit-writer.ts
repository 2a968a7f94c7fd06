/** Appends to the audit log of a directory for ever, and prints what was acknowledged. */
import { writeSync } from 'node:fs';

import { openLog } from '../unit/audit-fixture.ts';

const log = await openLog(process.argv[2] ?? '');
for (let i = 0; ; i++) {
  const batch = Array.from({ length: 1 + (i % 4) }, () =>
    log.append('auth.failed', { user_id: `user ${i}`, method: 'token', reason: 'expired' }),
  );
  for (const { sequence } of await Promise.all(batch)) writeSync(1, `${sequence}\n`);
}
