/**
 * Whether two byte strings are equal, in a time that does not depend on where they differ. Their
 * lengths are taken as public. As constant as a JIT allows: no branch or index on the contents.
 */
export function equalConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}
