import { CodedError } from '@mxd/codec';

export const modelErrors = {
  MODEL_TRACE: 'A trace does not look as the model writes it. Model and reader belong together.',
  MODEL_DIFFERS: 'The core did not do what the model does. One of the two breaks the protocol.',
  MODEL_TOOL: 'quint ended with an error. Its output tells which.',
} as const;

export class ModelError extends CodedError<keyof typeof modelErrors> {}
