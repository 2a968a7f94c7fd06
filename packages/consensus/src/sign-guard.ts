export {
  GenesisGuard,
  SignGuard,
  type GuardedKey,
  type GuardSignature,
  type SignGuardOptions,
} from './sign-guard/guard.ts';
export { GuardMemory, type GuardDecision } from './sign-guard/memory.ts';
