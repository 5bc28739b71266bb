import { armErrors } from './arm-error.ts';
import type { ArmContext } from './arm-operation.ts';
import type { Server } from './world.ts';

/** The flexible servers of one resource provider, for its operations. */
export interface FlexibleServers {
  /** For example Microsoft.DBforMySQL/flexibleServers. */
  readonly type: string;
  /** The path of one server. */
  readonly path: string;
  /** The server that a request names. Throws ArmError when it isn't there. */
  serverOf(context: ArmContext): Server;
  /** The server in which lies what a request names. Throws ArmError when it isn't there. */
  parentOf(context: ArmContext, child: string): Server;
}

export function flexibleServers(provider: string, engine: Server['type']): FlexibleServers {
  const type = `${provider}/flexibleServers`;
  const idOf = ({ subscriptionId, resourceGroup, serverName }: ArmContext['params']) =>
    `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${type}/${serverName}`;
  const find = ({ world, params }: ArmContext) => {
    const id = idOf(params).toLowerCase();
    return world.servers.find((each) => each.type === engine && each.resourceId.toLowerCase() === id);
  };
  return {
    type,
    path: `/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}/providers/${type}/{serverName}`,
    serverOf: (context) => {
      const server = find(context);
      if (!server) throw armErrors.resourceNotFound(type, context.params['serverName'] ?? '', context.params['resourceGroup'] ?? '');
      return server;
    },
    parentOf: (context, child) => {
      const server = find(context);
      if (!server) throw armErrors.parentNotFound('read', `flexibleServers/${child}`, idOf(context.params));
      return server;
    },
  };
}
