import { CodedError } from '@mxd/codec';

/** Every code that this package can throw, with what it means. */
export const metricsErrors = {
  METRICS_VALUE:
    'A metric was given a value that is not a finite number, or a counter was lowered.',
  METRICS_BOUND: 'A metric is bound to a source twice, or set by hand although it is bound.',
} as const;

/** Thrown for wrong use of a metric: a programming error. */
export class MetricsError extends CodedError<keyof typeof metricsErrors> {}
