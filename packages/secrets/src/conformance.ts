import { type SecretProvider } from './provider.ts';

/** How the suite makes and changes secrets behind a provider. */
export interface ProviderUnderTest {
  readonly provider: SecretProvider;
  /** Puts a secret where the provider finds it. */
  readonly put: (name: string, text: string) => Promise<void>;
  /** Whether a change after the start becomes visible. */
  readonly rotates: boolean;
}

/** One named check; it throws when the provider breaks the contract. */
export interface ConformanceCheck {
  readonly name: string;
  readonly run: (subject: ProviderUnderTest) => Promise<void>;
}

/** A broken promise of a provider, found by a check. */
export class ConformanceFailure extends Error {}

function claim(holds: boolean, what: string): asserts holds {
  if (!holds) throw new ConformanceFailure(what);
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'none';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'uncoded';
  }
}

/** Every check that a secret provider must pass. */
export const conformanceChecks: readonly ConformanceCheck[] = [
  {
    name: 'gives a secret as it was put',
    async run({ provider, put }) {
      await put('plain', 'päss wörd');
      using secret = await provider.get('plain');
      claim(secret?.expose() === 'päss wörd', 'the text differs');
    },
  },
  {
    name: 'gives each caller a secret of its own',
    async run({ provider, put }) {
      await put('own', 'abc');
      const first = await provider.get('own');
      first?.[Symbol.dispose]();
      using second = await provider.get('own');
      claim(second?.expose() === 'abc', 'disposing one wiped the other');
    },
  },
  {
    name: 'has no secret that was not put',
    async run({ provider }) {
      claim((await provider.get('absent')) === undefined, 'something was found');
    },
  },
  {
    name: 'refuses names that could leave its place',
    async run({ provider }) {
      for (const name of ['', '../x', 'a/b', 'A', '.x', 'a\0', 'x'.repeat(129)]) {
        claim((await codeOf(provider.get(name))) === 'SECRET_NAME', `took the name ${name}`);
      }
    },
  },
  {
    name: 'never shows a secret',
    async run({ provider, put }) {
      await put('shown', 'canary-5c1f');
      using secret = await provider.get('shown');
      const shown = `${String(secret)} ${JSON.stringify({ secret })}`;
      claim(!shown.includes('canary-5c1f'), 'the secret was shown');
    },
  },
  {
    name: 'calls back with a rotated secret, and not after unwatch',
    async run({ provider, put, rotates }) {
      if (!rotates) return;
      await put('rotating', 'one');
      const seen: string[] = [];
      const unwatch = provider.watch('rotating', (secret) => seen.push(secret.expose()));
      await put('rotating', 'two');
      for (let i = 0; i < 200 && !seen.includes('two'); i++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      unwatch();
      claim(seen.includes('two'), 'the change was not seen');
      const count = seen.length;
      await put('rotating', 'three');
      await new Promise((resolve) => setTimeout(resolve, 50));
      claim(seen.length === count, 'a call came after unwatch');
    },
  },
];
