/** The whole command line as one table. */
import type { CommandSpec, GroupSpec } from '../spec.ts';
import { chainCommands, chainGroups } from './chain.ts';
import { devnetCommands, devnetGroups } from './devnet.ts';
import { operatorCommands, operatorGroups } from './operator.ts';
import { paymentCommands, paymentGroups } from './payments.ts';
import { policyCommands, policyGroups } from './policy.ts';
import { toolCommands, toolGroups } from './tools.ts';
import { validatorCommands, validatorGroups } from './validator.ts';
import { walletCommands, walletGroups } from './wallet.ts';

export const groups: readonly GroupSpec[] = [
  ...walletGroups,
  ...policyGroups,
  ...paymentGroups,
  ...chainGroups,
  ...validatorGroups,
  ...operatorGroups,
  ...devnetGroups,
  ...toolGroups,
];

export const commands: readonly CommandSpec[] = [
  ...walletCommands,
  ...policyCommands,
  ...paymentCommands,
  ...chainCommands,
  ...validatorCommands,
  ...operatorCommands,
  ...devnetCommands,
  ...toolCommands,
];
