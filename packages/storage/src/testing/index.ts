export {
  faultyStore,
  forEachFault,
  type Call,
  type Fault,
  type FaultPlan,
} from './faulty-store.ts';
export { checkMigrations, type MigrationFixture } from './migrations.ts';
