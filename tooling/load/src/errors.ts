/** What the operator can mend: printed without a stack. */
export class LoadError extends Error {
  override readonly name: string = 'LoadError';
}
