export {
  catalogue,
  type MetricDefinition,
  type MetricGroup,
  type MetricKey,
  type MetricType,
} from './catalogue.ts';
export { MetricsError } from './errors.ts';
export { Health, type HealthQuestion, type HealthReport, type PartHealth } from './health.ts';
export { Metrics, type Exposition, type LabelValues, type MetricSource } from './registry.ts';
