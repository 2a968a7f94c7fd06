/** The whole command line as one table. */
import type { CommandSpec, GroupSpec } from '../spec.ts';
import { chainCommands, chainGroups } from './chain.ts';
import { devnetCommands, devnetGroups } from './devnet.ts';
import { labelCommands, labelGroups } from './label.ts';
import { operatorCommands, operatorGroups } from './operator.ts';
import { paymentCommands, paymentGroups } from './payments.ts';
import { policyCommands, policyGroups } from './policy.ts';
import { tokenCommands, tokenGroups } from './token.ts';
import { toolCommands, toolGroups } from './tools.ts';
import { validatorCommands, validatorGroups } from './validator.ts';
import { walletCommands, walletGroups } from './wallet.ts';

export const groups: readonly GroupSpec[] = [
  ...walletGroups,
  ...policyGroups,
  ...labelGroups,
  ...paymentGroups,
  ...chainGroups,
  ...validatorGroups,
  ...operatorGroups,
  ...tokenGroups,
  ...devnetGroups,
  ...toolGroups,
];

export const commands: readonly CommandSpec[] = [
  ...walletCommands,
  ...policyCommands,
  ...labelCommands,
  ...paymentCommands,
  ...chainCommands,
  ...validatorCommands,
  ...operatorCommands,
  ...tokenCommands,
  ...devnetCommands,
  ...toolCommands,
];
