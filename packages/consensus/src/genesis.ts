export { createCeremony, type GenesisCeremony } from './genesis/ceremony.ts';
export {
  type GenesisConfig,
  type GenesisEffect,
  type GenesisInput,
  type GenesisOutcome,
  type GenesisSignAnswer,
  type GenesisStatus,
  type GenesisSteps,
  type GenesisTimer,
} from './genesis/types.ts';
