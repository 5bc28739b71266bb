import type { TargetRequest } from '../../../src/targets/target.ts';
import type { ContractEngine, Deed } from './engine.ts';
import { signIn } from './engine.ts';

/** The table and the routine that every scenario has. */
export const table = 'items';
export const routine = 'task';

/** Makes what applications work with. */
export async function furnish({ administrator }: ContractEngine): Promise<void> {
  await administrator.createTable(table);
  await administrator.createRoutine(routine);
}

/** What a new session as the user can do, by trying it. */
export async function powersOf(engine: ContractEngine, request: TargetRequest): Promise<readonly Deed[]> {
  const { administrator } = engine;
  await administrator.createTable('spare');
  const session = await signIn(engine, request);
  const tried: readonly (readonly [Deed, string])[] = [
    ['read', table],
    ['insert', table],
    ['update', table],
    ['delete', table],
    ['create table', 'made'],
    ['drop table', 'spare'],
    ['run', routine],
  ];
  const powers: Deed[] = [];
  for (const [deed, name] of tried) if (await session.can(deed, name)) powers.push(deed);
  await session.close();
  await administrator.dropTable('made');
  return powers;
}
