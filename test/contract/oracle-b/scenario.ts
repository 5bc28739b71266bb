import { ready } from '../../../src/api/conditions.ts';
import type { AccessSpec, ConnectionSpec } from '../../../src/api/spec.ts';
import type { World } from './world.ts';

export type PhaseName = 'create' | 'change' | 'delete' | 'delete-owner';

/** What its user does with a connection, and how to see that the operator has brought it about. */
export interface Phase {
  readonly name: PhaseName;
  begin(world: World, user: string): Promise<void>;
  isDone(world: World): boolean;
  /** Whose identity can log in when it is done. */
  readonly letsIn: 'first' | 'second' | 'nobody';
}

/** The life of one connection. */
export interface Scenario {
  readonly phases: readonly Phase[];
  /** Whether the user owns something in the end, so that a shell goes on owning it. */
  readonly leavesShell: boolean;
}

const isInSync = ({ connection }: World): boolean => {
  const condition = connection?.status?.conditions?.find(({ type }) => type === ready);
  return condition?.status === 'True' && condition.observedGeneration === connection?.metadata.generation;
};

const create: Phase = {
  name: 'create',
  begin: async (world) => world.connect({}),
  isDone: isInSync,
  letsIn: 'first',
};

/** Less access, another identity, another Secret, while an application is logged in. */
const change: Phase = {
  name: 'change',
  begin: async (world, user) => {
    const { engine, connection } = world;
    await engine.openSession(user);
    const access: AccessSpec = { ...(connection?.spec.access as AccessSpec), profile: 'ReadOnly' };
    const identity: ConnectionSpec['identity'] = {
      type: 'UserAssigned',
      userAssigned: { resourceId: engine.identities.second.resourceId },
    };
    world.change({ access, identity, output: { secret: { name: 'orders-db-2' } } });
  },
  isDone: isInSync,
  letsIn: 'second',
};

const end: Phase = {
  name: 'delete',
  begin: async (world, user) => {
    await world.engine.openSession(user);
    world.delete();
  },
  isDone: (world) => world.connection === undefined,
  letsIn: 'nobody',
};

const endOfOwner: Phase = {
  name: 'delete-owner',
  begin: async (world, user) => {
    await world.engine.giveTable(user);
    await end.begin(world, user);
  },
  isDone: end.isDone,
  letsIn: end.letsIn,
};

/** The user owns nothing, and goes altogether; or it owns a table, and a shell goes on owning that. */
export const scenarios: readonly Scenario[] = [
  { phases: [create, change, end], leavesShell: false },
  { phases: [create, change, endOfOwner], leavesShell: true },
];
