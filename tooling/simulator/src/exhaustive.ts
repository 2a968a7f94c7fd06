export async function exhaust(_json: boolean): Promise<number> {
  return await Promise.resolve(2);
}
